/**
 * What a fault must have done for its load to say anything: a worker that is killed while it has nothing to do, a proxy that passes every
 * message on, prove nothing, and such a run fails. Read from the report, so that what is judged is what is shown.
 */
import type { LoadReport } from '../report/schema';
import { type FaultName, isFaultName } from './faults';

type Chaos = NonNullable<LoadReport['chaos']>;

interface Effect {
  /** Null: not known. */
  readonly count: (chaos: Chaos) => number | null;
  /** Said when it is 0. */
  readonly none: string;
}

const turnsInFlight: Effect = {
  count: (chaos) => chaos.turns_in_flight,
  none: 'no turn was in flight when it struck',
};
const chatsLeft: Effect = {
  // Kills that could not be watched fail the run as such.
  count: ({ recoveries }) =>
    recoveries === null || recoveries.kills.length === 0
      ? null
      : recoveries.kills.reduce((sum, { chats }) => sum + chats, 0),
  none: 'no worker that was killed had a chat with work to do',
};
const streamsCut: Effect = {
  count: ({ lost }) => lost?.streams_cut ?? null,
  none: 'no stream was cut',
};
const callsRepeated: Effect = {
  count: ({ lost }) => lost?.calls_repeated ?? null,
  none: 'no call met what was away',
};
const busMessages = (what: 'dropped' | 'doubled' | 'delayed'): Effect => ({
  count: ({ bus_messages: messages }) => messages?.[what] ?? 0,
  none: `no message of the bus was ${what}`,
});

const EFFECTS: Record<FaultName, readonly Effect[]> = {
  'kill-worker': [chatsLeft],
  'kill-workers': [chatsLeft],
  'kill-relay': [turnsInFlight, streamsCut],
  'kill-gateway': [turnsInFlight, callsRepeated],
  'pause-worker': [turnsInFlight],
  'pause-relay': [turnsInFlight],
  'pause-gateway': [turnsInFlight],
  'restart-nats': [turnsInFlight],
  'restart-redis': [turnsInFlight],
  'restart-postgres': [turnsInFlight],
  'drop-bus': [busMessages('dropped')],
  'double-bus': [busMessages('doubled')],
  'delay-bus': [busMessages('delayed')],
  'lossy-bus': [busMessages('dropped'), busMessages('doubled'), busMessages('delayed')],
  'exhaust-pool': [turnsInFlight],
  'roll-all': [turnsInFlight, streamsCut],
};

/** Why the load says nothing of its fault; empty when it does, or when the fault itself failed, which is told apart. */
export function missingEffects(chaos: Chaos): string[] {
  const { fault, failure, blows } = chaos;
  if (failure !== null || !isFaultName(fault)) return [];
  if (blows.length === 0) return ['the fault never struck'];
  return EFFECTS[fault].flatMap(({ count, none }) =>
    count(chaos) === 0 ? [`the fault had no effect: ${none}`] : [],
  );
}
