import { expectedText, summaryOf } from '../answer-shape';
import {
  healthyCalls,
  healthyChat,
  healthyViewer,
  ledgerCall,
  observedTurn,
  orderOf,
  rowsOf,
  seen,
} from '../testing/evidence';
import { judge } from './judge';
import type { Blow } from './blow';
import type { LedgerCalls } from './ledger-call';
import { digestOf } from './digest';
import {
  type ObservedChat,
  type ObservedTurn,
  type ObservedViewer,
  type ObservedWatcher,
  type SeenMessage,
} from './observation';

const turns = () => [observedTurn('a/0'), observedTurn('a/1', [1, 2]), observedTurn('a/2')];

function kinds(chat: ObservedChat, calls: LedgerCalls = healthyCalls(chat.turns)): string[] {
  return judge([chat], calls).findings.map(({ kind }) => kind);
}

/** A chat whose history is changed; its viewer sees the same change, so that only the history is at fault. */
function withHistory(change: (history: ReturnType<typeof healthyChat>['history']) => void): ObservedChat {
  const chat = healthyChat(turns());
  change(chat.history);
  return { ...chat, viewers: [healthyViewer(chat.history)] };
}

describe('the oracle', () => {
  it('finds nothing wrong with a healthy chat, tools included', () => {
    expect(judge([healthyChat(turns())], healthyCalls(turns()))).toEqual({
      findings: [],
      turnsChecked: 3,
      chatsChecked: 1,
      modelCalls: { answered: 5, regenerated: 0 },
      answersCut: 0,
    });
  });

  it('names a hang with the last event seen', () => {
    const [first, ...rest] = turns();
    const chat = healthyChat([
      { ...(first ?? observedTurn('a/0')), outcome: 'hung', failure: 'last event: status running' },
      ...rest,
    ]);
    expect(judge([chat], healthyCalls(turns())).findings).toEqual([
      { kind: 'hang', chatId: 'chat', key: 'a/0', detail: 'last event: status running' },
    ]);
  });

  it('names a failed turn, and a chat that is not at rest', () => {
    const chat = healthyChat([{ ...observedTurn('a/0'), outcome: 'failed', failure: 'boom' }]);
    expect(kinds(chat)).toEqual(['turn_failed']);
    const busy = { ...healthyChat(turns()), finalStatus: 'running' as const };
    expect(kinds(busy)).toEqual(['not_at_rest', 'viewers_differ']);
  });

  it("misses an answer, a message, and the model's own text", () => {
    expect(kinds(withHistory((history) => history.pop()))).toEqual(['answer_missing']);
    expect(kinds(withHistory((history) => history.splice(0, 2)))).toEqual(['user_message_lost']);
    expect(kinds(withHistory((history) => (history[1] = seen(2, 'assistant', 'something else'))))).toEqual([
      'wrong_text',
    ]);
  });

  it('misses the very words of a user', () => {
    const [user] = healthyChat(turns()).history;
    if (user === undefined) throw new Error('The chat has no message');
    const changed = { ...user, textDigest: digestOf('other words') };
    expect(kinds(withHistory((history) => (history[0] = changed)))).toEqual(['wrong_text']);
  });

  it('sees what is there twice', () => {
    const answer = seen(99, 'assistant', 'again');
    expect(kinds(withHistory((history) => history.push(answer)))).toEqual(['answer_doubled']);
    expect(kinds(withHistory((history) => history.push(...rowsOf(observedTurn('a/0'), 90))))).toEqual([
      'user_message_doubled',
    ]);
    expect(kinds(withHistory((history) => history.push(...rowsOf(observedTurn('b/7'), 90))))).toEqual([
      'user_message_unknown',
    ]);
  });

  it('counts the results of each tool call', () => {
    const drop = withHistory((history) => history.splice(4, 1));
    expect(kinds(drop)).toEqual(['tool_result_missing']);
    const double = withHistory((history) =>
      history.splice(5, 0, seen(98, 'tool', '', { resultIds: ['a/1-0-0'] })),
    );
    expect(kinds(double)).toEqual(['tool_result_doubled']);
    expect(kinds({ ...healthyChat(turns()), repeatedToolCalls: ['a/1#0.0'] })).toEqual(['tool_run_twice']);
  });

  it('holds every viewer against the chat and its history, and misses one that was not let back in', () => {
    const chat = healthyChat(turns());
    const judged = (change: Partial<ObservedViewer>): string[] =>
      kinds({
        ...chat,
        viewers: [...chat.viewers, { ...healthyViewer(chat.history, 'viewer 2'), ...change }],
      });
    expect(judged({})).toEqual([]);
    expect(judged({ messages: chat.history.slice(0, -1) })).toEqual(['viewers_differ']);
    expect(judged({ status: 'running' })).toEqual(['viewers_differ']);
    expect(judged({ queuedCount: 1 })).toEqual(['viewers_differ']);
    expect(judged({ missingBecause: 'answered 403', messages: [] })).toEqual(['viewer_missing']);
  });

  it('holds the ledger of the model against the turns', () => {
    const chat = healthyChat(turns());
    const lost = healthyCalls(turns());
    lost.byKey.delete('a/2');
    expect(kinds(chat, lost)).toEqual(['model_call_lost']);
    const doubled = healthyCalls(turns());
    doubled.byKey.set('a/2', [ledgerCall(5, 0), ledgerCall(6, 0)]);
    expect(kinds(chat, doubled)).toEqual(['model_call_doubled']);
    const swapped = healthyCalls(turns());
    swapped.byKey.set('a/0', [ledgerCall(9, 0)]);
    expect(kinds(chat, swapped)).toEqual(['model_call_out_of_order']);
    const refused = healthyCalls(turns());
    refused.byKey.set('a/2', [{ ...ledgerCall(5, 0), status: 400, error: 'bad history' }, ledgerCall(6, 0)]);
    expect(kinds(chat, refused)).toEqual(['model_refused']);
  });

  it('excuses a step that was asked for again by the blow that struck it, as often as it allows, and counts it', () => {
    const chat = healthyChat([observedTurn('a/0')]);
    const asked = (...receivedAtMs: number[]): LedgerCalls => ({
      byKey: new Map([
        ['a/0', receivedAtMs.map((atMs, index) => ({ ...ledgerCall(index + 1, 0), receivedAtMs: atMs }))],
      ]),
      dropped: 0,
    });
    const kill: Blow = {
      what: 'kill chat-worker 0',
      atMs: 5_000,
      untilMs: 5_000,
      regenerations: 1,
      mayRefuse: false,
    };
    const judged = (calls: LedgerCalls, blows: Blow[]): string[] =>
      judge([chat], calls, blows).findings.map(({ kind }) => kind);
    expect(judged(asked(4_000, 12_000), [kill])).toEqual([]);
    expect(judge([chat], asked(4_000, 12_000), [kill]).modelCalls).toEqual({ answered: 2, regenerated: 1 });
    expect(judged(asked(4_000, 12_000), [])).toEqual(['model_call_doubled']);
    expect(judged(asked(4_000, 12_000, 13_000), [kill])).toEqual(['model_call_doubled']);
    expect(judged(asked(1_000, 2_000), [kill])).toEqual(['model_call_doubled']);
    expect(judged(asked(4_000, 60_000), [kill])).toEqual(['model_call_doubled']);
    expect(judged(asked(40_000, 41_000), [{ ...kill, regenerations: 0 }])).toEqual(['model_call_doubled']);
  });

  it('excuses a step that is tried again when viewers were told and the call before was cut short', () => {
    const chat = { ...healthyChat([observedTurn('a/0')]), retriesTold: 1 };
    const calls = (isWhole: boolean): LedgerCalls => ({
      byKey: new Map([['a/0', [{ ...ledgerCall(1, 0), isWhole }, ledgerCall(2, 0)]]]),
      dropped: 0,
    });
    expect(kinds(chat, calls(false))).toEqual([]);
    expect(kinds(chat, calls(true))).toEqual(['model_call_doubled']);
  });

  it('holds the list of chats against the chat, and names a client that gave up', () => {
    const watcher = { name: 'list 1', openedAtMs: 0, status: 'waiting' as const, failure: undefined };
    const watched = (change: Partial<ObservedWatcher>): string[] =>
      kinds({ ...healthyChat(turns()), watchers: [{ ...watcher, ...change }] });
    expect(watched({})).toEqual([]);
    expect(watched({ status: 'running' })).toEqual(['watch_differs']);
    expect(watched({ status: undefined })).toEqual(['watch_differs']);
    expect(watched({ status: undefined, openedAtMs: Number.POSITIVE_INFINITY })).toEqual([]);
    expect(watched({ failure: 'answered 401' })).toEqual(['client_failed']);
  });

  it('does not take a history that could not be read for a clean one', () => {
    const chat = { ...healthyChat(turns()), history: null, historyFailure: 'answered 503' };
    expect(judge([chat], healthyCalls(turns())).findings).toEqual([
      { kind: 'history_unread', chatId: 'chat', detail: 'answered 503' },
    ]);
  });

  it('takes a beginning of the answer for an interrupted turn, and nothing of an edited one', () => {
    const cut = { ...observedTurn('a/0'), ending: 'cut' as const };
    const chat = healthyChat([cut]);
    const [user] = chat.history;
    if (user === undefined) throw new Error('The chat has no message');
    const withAnswer = (text: string): ObservedChat => {
      const history = [user, seen(2, 'assistant', text)];
      return { ...chat, history, viewers: [] };
    };
    const whole = rowsOf(cut, 1)[1]?.textLength ?? 0;
    expect(whole).toBeGreaterThan(5);
    expect(kinds({ ...chat, history: [user], viewers: [] })).toEqual([]);
    expect(kinds(withAnswer('no such beginning'))).toEqual(['wrong_text']);
    const removed = { ...observedTurn('a/0'), ending: 'removed' as const };
    expect(kinds({ ...chat, turns: [removed], viewers: [] })).toEqual(['user_message_unknown']);
  });

  describe('of a compaction', () => {
    const asked = (compaction: 'automatic' | 'manual', isCompacted = true): ObservedTurn => {
      const turn = observedTurn('a/0');
      return { ...turn, isCompacted, order: { ...turn.order, compaction } };
    };
    const pair = (text: string): SeenMessage[] => [
      seen(90, 'assistant', '', { callIds: ['s'], isCompaction: true }),
      seen(91, 'tool', '', { resultIds: ['s'], summaryDigests: [digestOf(text)] }),
    ];
    const summary = expectedText(summaryOf(asked('manual').order)).trim();
    const judged = (turn: ObservedTurn, rows: SeenMessage[], calls = callsOf(2)): string[] => {
      const chat = healthyChat([turn]);
      return kinds({ ...chat, history: [...chat.history, ...rows], viewers: [] }, calls);
    };
    const callsOf = (...summaryIds: number[]): LedgerCalls => ({
      byKey: new Map([
        ['a/0', [ledgerCall(1, 0)]],
        ['a/0/summary', summaryIds.map((id) => ({ ...ledgerCall(id, 0), purpose: 'summary' as const }))],
      ]),
      dropped: 0,
    });

    it('wants one pair with the very summary of the model, and takes it for no answer', () => {
      expect(judged(asked('manual'), pair(summary))).toEqual([]);
      expect(judged(asked('manual'), [])).toEqual(['compaction_missing']);
      expect(judged(asked('manual'), pair('another'))).toEqual(['wrong_text']);
      expect(judged(asked('manual', false), pair(summary), callsOf())).toEqual(['compaction_doubled']);
      expect(
        judged(asked('manual'), [...pair(summary), seen(92, 'tool', '', { summaryDigests: [1] })]),
      ).toEqual(['compaction_doubled']);
    });

    it('wants one call for it, as a summary, and in its place', () => {
      expect(judged(asked('manual'), pair(summary), callsOf())).toEqual(['model_call_lost']);
      expect(judged(asked('manual'), pair(summary), callsOf(2, 3))).toEqual(['model_call_doubled']);
      expect(judged(asked('manual', false), [], callsOf())).toEqual([]);
      expect(judged(asked('automatic'), pair(summary), callsOf(0))).toEqual([]);
      expect(judged(asked('automatic'), pair(summary), callsOf(2))).toEqual(['model_call_out_of_order']);
      const asChat = {
        byKey: new Map([...callsOf().byKey, ['a/0/summary', [ledgerCall(2, 0)]]]),
        dropped: 0,
      };
      expect(judged(asked('manual'), pair(summary), asChat)).toEqual(['model_call_lost']);
    });
  });

  it('holds what a chat was told by its subagents against what they answered', () => {
    const reports = [orderOf('a/0/agent.0'), orderOf('a/0/agent.1')];
    const waiting = observedTurn('a/0', [2]);
    const turn = { ...waiting, order: { ...waiting.order, reports } };
    const told = (...texts: string[]): string[] => {
      const chat = healthyChat([turn]);
      const agents = texts.map((text, call) => ({
        callId: `a/0-0-${call}`,
        chatId: `child ${call}`,
        reportDigest: digestOf(text),
      }));
      // Results may come in another order than their calls.
      agents.reverse();
      const history = chat.history.map((row) => (row.role === 'tool' ? { ...row, agents } : row));
      return kinds({ ...chat, history, viewers: [] });
    };
    const [first = '', second = ''] = reports.map((order) => expectedText(order));
    expect(told(first, second)).toEqual([]);
    expect(told(second, first)).toEqual(['report_differs', 'report_differs']);
    expect(told(first)).toEqual(['report_differs']);
  });

  it('does not judge what is still under way in a chat that was stopped', () => {
    const pending = { ...observedTurn('a/3', [1]), outcome: 'pending' as const };
    const chat = healthyChat([...turns(), pending]);
    const history = chat.history.slice(0, -2);
    expect(kinds({ ...chat, history, finalStatus: 'running' })).toEqual([]);
    const lost = history.filter(({ key }) => key !== 'a/0');
    expect(kinds({ ...chat, history: lost, finalStatus: 'running' })).toEqual(['user_message_lost']);
  });

  it('says so when the mock forgot calls, in place of calling them lost', () => {
    const verdict = judge([healthyChat(turns())], { byKey: new Map(), dropped: 3 });
    expect(verdict.findings.map(({ kind }) => kind)).toEqual(['ledger_incomplete']);
  });
});
