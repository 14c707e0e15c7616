import { randomUUID } from 'node:crypto';
import { CHAT_STATES, classify, type ChatState } from './states';
import { arrangeChat, storedChat, type ArrangedChat, type ArrangeOptions } from './testing/arrange-chat';
import { attempt } from './testing/attempt';
import { createFixture, type Fixture } from './testing/fixture';
import { TRANSITION_TABLE, TRANSITIONS, type Transition } from './transition-table';
import type { ChatHead } from './types';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture({ poolSize: 2 });
});
afterAll(() => fixture.close());

const WORKER_TRANSITIONS: ReadonlySet<Transition> = new Set([
  'release',
  'commit_step',
  'commit_compaction',
  'finish_compaction',
  'enter_action',
  'finish_turn',
  'finish_interruption',
  'record_retry',
  'fail',
  'cancel_action',
]);

/** The rows that all mean the same state, as far as this transition may care. */
function variantsOf(state: ChatState, transition: Transition): ArrangeOptions[] {
  const owned = WORKER_TRANSITIONS.has(transition)
    ? [true]
    : transition === 'acquire'
      ? [false]
      : [true, false];
  const lengths = state.includes('+queue') ? [1, 2] : [0];
  const calls = state.includes('requires_action') ? [true] : [true, false];
  const isDeadlinePassed = transition === 'acquire' || transition === 'cancel_action';
  return owned.flatMap((isOwned) =>
    lengths.flatMap((queueLength) =>
      calls.map((hasOpenCalls) => ({ isOwned, queueLength, hasOpenCalls, isDeadlinePassed })),
    ),
  );
}

const stateOf = (chat: ChatHead): ChatState =>
  classify({ status: chat.status, queueLength: chat.queue.length, archived: chat.archived });

describe.each(CHAT_STATES)('a chat that is %s', (state) => {
  test.each(TRANSITIONS.filter((transition) => TRANSITION_TABLE[state][transition] !== 'refused'))(
    'takes %s and lands where the table says',
    async (transition) => {
      const reached = new Set<ChatState>();
      for (const options of variantsOf(state, transition)) {
        const chat = await arrangeChat(fixture, state, options);
        const result = await attempt(fixture, chat, transition);
        expect(result).toMatchObject({ ok: true, chat: { id: chat.id, version: 11 } });
        if (result.ok) reached.add(stateOf(result.chat));
      }
      expect([...reached].sort()).toEqual([...TRANSITION_TABLE[state][transition]].sort());
    },
  );

  test.each(TRANSITIONS.filter((transition) => TRANSITION_TABLE[state][transition] === 'refused'))(
    'refuses %s and stays as it was',
    async (transition) => {
      for (const options of variantsOf(state, transition)) {
        const chat = await arrangeChat(fixture, state, options);
        const before = await storedChat(fixture, chat.id);
        const result = await attempt(fixture, chat, transition);
        expect(result).toMatchObject({ ok: false, ...refusalOf(state, transition) });
        expect(await storedChat(fixture, chat.id)).toEqual(before);
      }
    },
  );
});

function refusalOf(state: ChatState, transition: Transition): { reason: string; state?: ChatState } {
  if (transition === 'create') return { reason: 'already_exists' };
  if (transition === 'acquire') return { reason: 'nothing_to_acquire' };
  if (WORKER_TRANSITIONS.has(transition)) return { reason: 'stale', state };
  return { reason: state.startsWith('archived:') ? 'archived' : 'illegal_transition', state };
}

describe('for many chats at once', () => {
  const ridden: readonly [Transition, string][] = [
    ['send_queue', 'send_many'],
    ['send_interrupt', 'send_many'],
    ['acquire', 'acquire_many'],
    ['commit_step', 'commit_step_many'],
    ['finish_turn', 'finish_turn_many'],
  ];

  test.each(ridden)('%s lands each where the table says, in one statement', async (transition, statement) => {
    const { database } = fixture.test;
    const cells = CHAT_STATES.flatMap((state) =>
      variantsOf(state, transition).map((options) => ({ state, options })),
    );
    const chats: ArrangedChat[] = [];
    for (const { state, options } of cells) chats.push(await arrangeChat(fixture, state, options));
    const before = await Promise.all(chats.map(({ id }) => storedChat(fixture, id)));
    const [lead, asked] = [
      await arrangeChat(fixture, 'waiting'),
      database.statementCounts().get(statement) ?? 0,
    ];
    // While the first one is under way the others gather.
    const [, ...results] = await Promise.all(
      [lead, ...chats].map((chat) => attempt(fixture, chat, transition)),
    );
    expect(database.statementCounts().get(statement)).toBe(asked + 1);
    const reached = new Map(CHAT_STATES.map((state) => [state, new Set<ChatState>()]));
    for (const [index, { state }] of cells.entries()) {
      const [chat, result] = [chats[index], results[index]];
      if (TRANSITION_TABLE[state][transition] === 'refused') {
        expect(result).toMatchObject({ ok: false, ...refusalOf(state, transition) });
        expect(await storedChat(fixture, chat?.id ?? '')).toEqual(before[index]);
      } else {
        expect(result).toMatchObject({ ok: true, chat: { id: chat?.id, version: 11 } });
        if (result?.ok === true) reached.get(state)?.add(stateOf(result.chat));
      }
    }
    for (const [state, states] of reached) {
      const cell = TRANSITION_TABLE[state][transition];
      expect([state, ...[...states].sort()]).toEqual([
        state,
        ...(cell === 'refused' ? [] : [...cell].sort()),
      ]);
    }
  });
});

describe('a chat that does not exist', () => {
  const nowhere = (): ArrangedChat => ({
    id: randomUUID(),
    runnerId: randomUUID(),
    historyVersion: 9,
    userMessageId: 1,
    queuedIds: [],
    openCallIds: ['call'],
  });

  test.each(TRANSITIONS)('%s does what the table says', async (transition) => {
    const chat = nowhere();
    const result = await attempt(fixture, chat, transition);
    const cell = TRANSITION_TABLE.none[transition];
    if (cell === 'refused') {
      const reason = WORKER_TRANSITIONS.has(transition)
        ? 'stale'
        : transition === 'acquire'
          ? 'nothing_to_acquire'
          : 'not_found';
      expect(result).toEqual({ ok: false, reason });
      expect(await storedChat(fixture, chat.id)).toEqual({ chat: null, messages: null });
    } else {
      expect(result.ok && stateOf(result.chat)).toBe(cell[0]);
    }
  });
});

test('an action whose deadline has not passed is neither acquired nor cancelled', async () => {
  for (const transition of ['acquire', 'cancel_action'] as const) {
    const chat = await arrangeChat(fixture, 'requires_action', { isOwned: transition === 'cancel_action' });
    const before = await storedChat(fixture, chat.id);
    expect((await attempt(fixture, chat, transition)).ok).toBe(false);
    expect(await storedChat(fixture, chat.id)).toEqual(before);
  }
});

describe('a worker that lost its chat', () => {
  const written = ([...WORKER_TRANSITIONS] as Transition[]).flatMap((transition) =>
    CHAT_STATES.filter((state) => TRANSITION_TABLE[state][transition] !== 'refused').map((state) => ({
      transition,
      state,
    })),
  );

  test.each(written)('$transition by another runner is stale in $state', async ({ transition, state }) => {
    const chat = await arrangeChat(fixture, state, { isDeadlinePassed: true });
    const before = await storedChat(fixture, chat.id);
    const result = await attempt(fixture, { ...chat, runnerId: randomUUID() }, transition);
    expect(result).toEqual({ ok: false, reason: 'stale', state });
    expect(await storedChat(fixture, chat.id)).toEqual(before);
  });

  test.each(written.filter(({ transition }) => transition !== 'release' && transition !== 'cancel_action'))(
    '$transition on another history is stale in $state',
    async ({ transition, state }) => {
      const chat = await arrangeChat(fixture, state);
      const before = await storedChat(fixture, chat.id);
      const result = await attempt(fixture, { ...chat, historyVersion: 8 }, transition);
      expect(result).toEqual({ ok: false, reason: 'stale', state });
      expect(await storedChat(fixture, chat.id)).toEqual(before);
    },
  );
});
