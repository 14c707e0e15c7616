import type { ChatHead, StoredMessage } from '@parley/chat-state';
import type { ChatChange, ChatStatus } from '@parley/contracts';
import { NO_TRACER } from '@parley/service';
import type { GoalType } from '../decide';
import type { TaskOutcome } from '../tasks';
import type { EndedTurn } from './turn-stages';
import { TurnWatch } from './turn-watch';

const CHAT = '7d5f4c1e-0a53-4f1c-9a53-2f9f6f0f1a11';

/** What of a row a watch looks at. */
function head(fields: { historyVersion: number; status?: ChatStatus; updatedAtMs?: number }): ChatHead {
  const { historyVersion, status = 'running', updatedAtMs = 0 } = fields;
  const row = {
    id: CHAT,
    historyVersion,
    status,
    openCalls: [],
    workerId: 'w',
    updatedAt: new Date(updatedAtMs),
  };
  return row as unknown as ChatHead;
}

const changed = (chat: ChatHead, ...rows: Partial<StoredMessage>[]): TaskOutcome => ({
  type: 'changed',
  chat,
  rows: rows as StoredMessage[],
});
const stopped: TaskOutcome = { type: 'stopped', partial: null };

function setUp(nowMs: number) {
  let now = nowMs;
  const ended: EndedTurn[] = [];
  const firstTokens: number[] = [];
  const logged: object[] = [];
  const watch = new TurnWatch(CHAT, {
    tracer: NO_TRACER,
    metrics: { turnEnded: (turn) => void ended.push(turn), firstToken: (ms) => void firstTokens.push(ms) },
    logger: { debug: (fields) => void logged.push(fields) },
    now: () => now,
  });
  const pass = (ms: number): void => void (now += ms);
  const perform = (type: GoalType, from: ChatHead, work: () => TaskOutcome): Promise<TaskOutcome> =>
    watch.perform({ goal: { type, key: type }, head: from }, () => Promise.resolve(work()));
  return { watch, ended, firstTokens, logged, pass, perform };
}

function asked(createdAtMs: number, more: Partial<ChatChange> = {}): ChatChange {
  const message = { role: 'user', created_at: new Date(createdAtMs).toISOString() };
  return { messages: [message], ...more } as unknown as ChatChange;
}

describe('The watch of a turn', () => {
  it('gives every moment to one stage, and what no stage claims to none', async () => {
    const { watch, ended, firstTokens, pass, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 900 }), () => {
      pass(1);
      watch.enter('transcript');
      pass(2);
      watch.enter('model_first_token');
      pass(30);
      watch.enter('stream');
      watch.firstToken();
      pass(40);
      watch.firstToken();
      watch.enter('commit');
      pass(5);
      return changed(head({ historyVersion: 2, status: 'waiting' }));
    });
    expect(ended).toEqual([
      {
        outcome: 'finished',
        totalMs: 178,
        stageMs: {
          queue_wait: 100,
          transcript: 2,
          prompt: 0,
          compaction: 0,
          model_first_token: 30,
          stream: 40,
          tools: 0,
          commit: 5,
          retry_backoff: 0,
          unattributed: 1,
        },
      },
    ]);
    expect(firstTokens).toEqual([133]);
  });

  it('counts a turn over all its steps, and waiting between them as unattributed', async () => {
    const { watch, ended, pass, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 1_000 }), () => {
      watch.enter('commit');
      pass(3);
      const next = head({ historyVersion: 2 });
      return changed({ ...next, openCalls: [{ tool_call_id: 'c', tool_name: 't', dynamic: false }] });
    });
    pass(7);
    await perform('run_tools', head({ historyVersion: 2 }), () => {
      expect(watch.turn).toBe(1);
      watch.enter('tools');
      pass(20);
      return changed(head({ historyVersion: 3 }));
    });
    expect(ended).toEqual([]);
    await perform('generate', head({ historyVersion: 3 }), () =>
      changed(head({ historyVersion: 4, status: 'error' })),
    );
    expect(ended).toMatchObject([
      { outcome: 'failed', totalMs: 30, stageMs: { commit: 3, tools: 20, unattributed: 7 } },
    ]);
  });

  it('begins the next turn when the queue brings it, and counts that from there', async () => {
    const { watch, ended, pass, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 1_000 }), () => {
      pass(10);
      expect(watch.turn).toBe(1);
      return changed(head({ historyVersion: 3 }), { role: 'user', visibility: 'both' });
    });
    pass(2);
    await perform('generate', head({ historyVersion: 3, updatedAtMs: 1_010 }), () => {
      expect(watch.turn).toBe(3);
      return changed(head({ historyVersion: 4, status: 'waiting' }));
    });
    expect(ended).toMatchObject([
      { outcome: 'finished', totalMs: 10 },
      { outcome: 'finished', totalMs: 2, stageMs: { queue_wait: 2 } },
    ]);
  });

  it('goes on after a compaction, which writes the question again for the model alone', async () => {
    const { ended, pass, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 1_000 }), () => {
      pass(10);
      return changed(head({ historyVersion: 2 }), { role: 'user', visibility: 'model' });
    });
    await perform('generate', head({ historyVersion: 2 }), () => {
      pass(3);
      return changed(head({ historyVersion: 3, status: 'waiting' }), { role: 'assistant' });
    });
    expect(ended).toMatchObject([{ outcome: 'finished', totalMs: 13 }]);
  });

  it('counts a turn that it was woken for from its message, and one from the future from now', async () => {
    const { watch, ended, pass, perform } = setUp(2_000);
    watch.heard(asked(1_950));
    const end = (): TaskOutcome => changed(head({ historyVersion: 2, status: 'waiting' }));
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 0 }), end);
    watch.heard(asked(99_000));
    await perform('generate', head({ historyVersion: 3, updatedAtMs: 0 }), end);
    pass(1);
    expect(ended.map(({ totalMs }) => totalMs)).toEqual([50, 0]);
  });

  it('drops the turn whose history was edited away, and begins another', async () => {
    const { watch, ended, pass, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1, updatedAtMs: 1_000 }), () => stopped);
    pass(5);
    watch.heard(asked(1_004, { history_reset: true }));
    await perform('generate', head({ historyVersion: 5 }), () =>
      changed(head({ historyVersion: 6, status: 'waiting' })),
    );
    expect(ended).toMatchObject([
      { outcome: 'dropped', totalMs: 5 },
      { outcome: 'finished', totalMs: 1 },
    ]);
  });

  it('tells an interrupted turn from a finished one, and one whose runner went from both', async () => {
    const { watch, ended, logged, perform } = setUp(1_000);
    await perform('generate', head({ historyVersion: 1 }), () => stopped);
    await perform('finish_interruption', head({ historyVersion: 1 }), () =>
      changed(head({ historyVersion: 2, status: 'running' })),
    );
    await perform('generate', head({ historyVersion: 2 }), () => stopped);
    watch.close();
    watch.close();
    expect(ended.map(({ outcome }) => outcome)).toEqual(['interrupted', 'lost']);
    expect(logged).toMatchObject([
      { chat_id: CHAT, turn: 1 },
      { chat_id: CHAT, turn: 1, outcome: 'interrupted' },
      { turn: 2 },
      { turn: 2, outcome: 'lost' },
    ]);
  });
});
