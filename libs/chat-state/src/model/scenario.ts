/**
 * What may happen, as data: fast-check makes up sequences of these commands, and shrinks those that break an invariant.
 *
 * A command names an actor and leaves the details to `pick`, a number that each actor reads as a choice among what it knows just
 * then. So every sequence is possible, and a shortened one too.
 */
import * as fc from 'fast-check';

export const CLIENT_ACTIONS = [
  'send_queue',
  'send_interrupt',
  'edit',
  'delete_queued',
  'promote_queued',
  'interrupt',
  'complete_action',
  'request_compaction',
  'clear_context',
  'archive',
  'unarchive',
] as const;
export type ClientAction = (typeof CLIENT_ACTIONS)[number];

export const WORKER_ACTIONS = [
  'sweep',
  'look_after_own',
  'step',
  'release',
  'stop',
  'kill',
  'lose_lease',
  'renew',
] as const;
export type WorkerAction = (typeof WORKER_ACTIONS)[number];

/**
 * `seen`: all goes well. `lost`: it is done, but the process dies before it learns or tells of it. `repeated`: the connection broke
 * and the statement is sent again, side by side with the first. `cut`: the process dies inside its transaction.
 */
export type Fate = 'seen' | 'lost' | 'repeated' | 'cut';

interface Timing {
  /** At the same time as the command before. */
  together: boolean;
  pick: number;
}
export type Command = Timing &
  (
    | { actor: 'client'; action: ClientAction; chat: number; fate: Fate }
    | { actor: 'worker'; action: WorkerAction; worker: number; fate: Fate }
    | { actor: 'bus'; action: 'deliver' | 'double' | 'drop' }
    | { actor: 'time'; action: 'pass_deadlines' | 'bury_the_dead' }
  );

export const CHATS = 2;
export const WORKERS = 3;

const weighted = <Value>(...choices: [number, Value][]): fc.Arbitrary<Value> =>
  fc.oneof(...choices.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })));

const timing = { together: weighted([4, false], [1, true]), pick: fc.noBias(fc.nat(999)) };
const chat = weighted([3, 0], [1, 1]);

const clientCommand = fc.record({
  ...timing,
  actor: fc.constant('client' as const),
  action: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('send_queue' as const, 'send_interrupt' as const) },
    { weight: 5, arbitrary: fc.constantFrom(...CLIENT_ACTIONS) },
  ),
  chat,
  fate: weighted<Fate>([8, 'seen'], [1, 'lost'], [1, 'cut']),
});

const workerCommand = fc.record({
  ...timing,
  actor: fc.constant('worker' as const),
  action: fc.oneof(
    { weight: 8, arbitrary: fc.constant('step' as const) },
    { weight: 2, arbitrary: fc.constant('sweep' as const) },
    { weight: 4, arbitrary: fc.constantFrom(...WORKER_ACTIONS) },
  ),
  worker: fc.nat(WORKERS - 1),
  fate: weighted<Fate>([8, 'seen'], [1, 'lost'], [1, 'repeated']),
});

const busCommand = fc.record({
  ...timing,
  actor: fc.constant('bus' as const),
  action: weighted<'deliver' | 'double' | 'drop'>([6, 'deliver'], [1, 'double'], [1, 'drop']),
});

const timeCommand = fc.record({
  ...timing,
  actor: fc.constant('time' as const),
  action: fc.constantFrom('pass_deadlines' as const, 'bury_the_dead' as const),
});

export type Scenario = Command[];

export const scenario: fc.Arbitrary<Scenario> = fc.array(
  fc.oneof<fc.WeightedArbitrary<Command>[]>(
    { weight: 6, arbitrary: clientCommand },
    { weight: 8, arbitrary: workerCommand },
    { weight: 8, arbitrary: busCommand },
    { weight: 1, arbitrary: timeCommand },
  ),
  { minLength: 8, maxLength: 40, size: 'max' },
);

/** One scenario for each lane. */
export const scenarios = (lanes: number): fc.Arbitrary<Scenario[]> =>
  fc.array(scenario, { minLength: lanes, maxLength: lanes });
