/** The loads that have names. Flags change their numbers. */
import type { AnswerShape } from './answer-shape';
import { type FaultName, KILLING_MS, KILLS_WORKERS, REFUSES_NOTHING } from './chaos/faults';
import type { LoadPlan } from './load/load-plan';
import { EVERYTHING, type Mix } from './scenarios/mix';

export interface Profile {
  readonly what: string;
  readonly loads: readonly LoadPlan[];
  /** Chats of an uncounted run of the first load, to warm the processes up. */
  readonly warmUpChats: number;
  /** Not given: as many turns of each as the load has. */
  readonly warmUpTurns?: number;
  readonly repeat: number;
  readonly size: { readonly gateways: number; readonly workers: number; readonly relays: number };
  /** Commits wait for the disk. */
  readonly isDurable: boolean;
  /** Requests of a user a minute; 0: no limit. */
  readonly rateLimit: number;
  /** New chats get a title of a model. */
  readonly hasTitles: boolean;
}

/** Twenty pieces of twenty characters, as the rivals were measured with. */
const rivalsShape = (chunkMs: number): AnswerShape => ({
  chunks: 20,
  chunkSize: 20,
  chunkMs,
  firstByteMs: 0,
});

const plainLoad = {
  mix: { plain: 1 },
  users: 1,
  hasBarrier: false,
  barrierDelayMs: 0,
  turnTimeoutMs: 60_000,
  isBudgeted: false,
} as const;

/** Beyond this the tool would be a good part of the figure. */
const rivalsLoad = { ...plainLoad, maxGeneratorCpuMs: 1.5 } as const;

const ONE_OF_EACH = { gateways: 1, workers: 1, relays: 1 };
const TWO_OF_EACH = { gateways: 2, workers: 2, relays: 2 };
const usual = { warmUpChats: 0, repeat: 1, isDurable: true, rateLimit: 0, hasTitles: true } as const;
const CHAOS_CHATS = 100;
const CHAOS_MS = 60_000;
/** While worker after worker is killed no turn may come to its end: it hangs when it does not once that is over. */
const CHAOS_TURN_MS = 60_000;
/** A lease, a sweep, and room for a busy machine. */
const MAX_RECOVERY_MS = 10_000;

export const PROFILES = {
  smoke: {
    ...usual,
    what: 'half a minute: is anything wrong, and what does a turn cost in SQL',
    size: TWO_OF_EACH,
    isDurable: false,
    warmUpChats: 8,
    loads: [
      {
        ...plainLoad,
        name: 'plain',
        chats: 20,
        turns: 10,
        shape: rivalsShape(1),
        hasBarrier: true,
        turnTimeoutMs: 30_000,
        isBudgeted: true,
      },
      {
        ...plainLoad,
        name: 'mix',
        chats: 24,
        turns: 4,
        shape: rivalsShape(10),
        mix: EVERYTHING,
        users: 4,
        hasBarrier: true,
        turnTimeoutMs: 30_000,
      },
    ],
  },
  rivals: {
    ...usual,
    what: '50 chats of 5 turns, as other systems were measured on the same machine',
    size: ONE_OF_EACH,
    // No rival makes titles.
    hasTitles: false,
    // A process that has just started spends much of its time on compiling itself: a load of 250 turns would measure that.
    warmUpChats: 50,
    warmUpTurns: 100,
    repeat: 3,
    loads: [
      { ...rivalsLoad, name: '0 ms a chunk', chats: 50, turns: 5, shape: rivalsShape(0) },
      { ...rivalsLoad, name: '10 ms a chunk', chats: 50, turns: 5, shape: rivalsShape(10) },
      { ...rivalsLoad, name: 'one chat', chats: 1, turns: 50, shape: rivalsShape(0) },
    ],
  },
  storm: {
    ...usual,
    what: '600 chats at once, then 9 more turns each, all released together',
    size: ONE_OF_EACH,
    warmUpChats: 20,
    loads: [
      {
        ...plainLoad,
        name: 'storm',
        chats: 600,
        turns: 10,
        shape: rivalsShape(10),
        users: 10,
        hasBarrier: true,
        turnTimeoutMs: 120_000,
      },
    ],
  },
  full: {
    ...usual,
    what: '5,000 chats of 10 turns, each answer one chunk at once',
    size: ONE_OF_EACH,
    warmUpChats: 20,
    loads: [
      {
        ...plainLoad,
        name: 'full',
        chats: 5_000,
        turns: 10,
        shape: { chunks: 1, chunkSize: 40, chunkMs: 0, firstByteMs: 0 },
        users: 50,
        hasBarrier: true,
        turnTimeoutMs: 300_000,
      },
    ],
  },
  mix: {
    ...usual,
    what: 'every scenario at once, many users',
    size: TWO_OF_EACH,
    loads: [
      {
        ...plainLoad,
        name: 'mix',
        chats: 100,
        turns: 10,
        shape: rivalsShape(20),
        mix: EVERYTHING,
        users: 20,
        hasBarrier: true,
      },
    ],
  },
  limits: {
    ...usual,
    what: 'rate limits on: calls are refused now and then, and nothing is lost by it',
    size: TWO_OF_EACH,
    rateLimit: 120,
    loads: [
      {
        ...plainLoad,
        name: 'limits',
        mustBeLimited: true,
        chats: 40,
        turns: 16,
        shape: rivalsShape(1),
        users: 4,
        hasBarrier: true,
        turnTimeoutMs: 180_000,
      },
    ],
  },
  open: {
    ...usual,
    what: 'open loop: 20 turns a second for half a minute, Poisson',
    size: ONE_OF_EACH,
    warmUpChats: 20,
    loads: [
      {
        ...plainLoad,
        name: 'open',
        chats: 60,
        arrivals: { kind: 'poisson', perSecond: 20, durationMs: 30_000 },
        shape: rivalsShape(10),
        hasBarrier: true,
      },
    ],
  },
  chaos: {
    ...usual,
    what: '100 chats, a minute for each fault',
    size: TWO_OF_EACH,
    isDurable: true,
    loads: [],
  },
} as const satisfies Record<string, Profile>;
export type ProfileName = keyof typeof PROFILES;

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(PROFILES, name);
}

/**
 * Chats with more at stake than an answer: calls of tools, a queue, a history that is rewritten. Only requests that can safely be made
 * again when nobody answered them.
 */
const CHAOS_MIX: Mix = { plain: 4, 'tool-heavy': 2, 'queue-while-busy': 2, edit: 2 };
/** To interrupt and to compact are asked once: only where no request is refused. */
const UNREFUSED_CHAOS_MIX: Mix = { ...CHAOS_MIX, interrupt: 1, compaction: 1 };

/** A minute in which 100 chats talk without a pause and one thing breaks. */
export function chaosLoad(fault: FaultName): LoadPlan {
  return {
    ...plainLoad,
    name: `chaos: ${fault}`,
    mix: REFUSES_NOTHING.has(fault) ? UNREFUSED_CHAOS_MIX : CHAOS_MIX,
    chats: CHAOS_CHATS,
    durationMs: CHAOS_MS,
    shape: { chunks: 20, chunkSize: 20, chunkMs: 150, firstByteMs: 0 },
    users: 10,
    hasBarrier: true,
    turnTimeoutMs: CHAOS_TURN_MS + (fault === 'kill-workers' ? KILLING_MS : 0),
    fault,
    maxRecoveryMs: KILLS_WORKERS.has(fault) ? MAX_RECOVERY_MS : undefined,
  };
}
