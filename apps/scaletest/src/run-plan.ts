/** What one invocation is to do: a profile with the flags applied. */
import { ARRIVAL_KINDS, type ArrivalKind } from './arrivals/arrivals';
import { type FaultName, NEEDS_PROXY, NEEDS_RATE_LIMIT } from './chaos/faults';
import type { LoadPlan } from './load/load-plan';
import { plannedTurns } from './load/load-plan';
import { chaosLoad, type Profile, PROFILES, type ProfileName } from './profiles';
import type { Mix } from './scenarios/mix';
import type { SpawnOptions } from './system/spawn-options';

/** As the flags give them; what is absent is the profile's. */
export interface RunFlags {
  readonly profile: ProfileName;
  readonly url?: string;
  readonly streamUrl?: string;
  readonly token?: string;
  readonly mockUrl?: string;
  readonly databaseUrl?: string;
  readonly natsMonitorUrl?: string;
  readonly serviceUrls?: Readonly<Record<string, readonly string[]>>;
  readonly metricsToken?: string;
  readonly spawn?: 'standalone' | 'cluster';
  readonly gateways?: number;
  readonly workers?: number;
  readonly relays?: number;
  readonly pool: number;
  readonly chats?: number;
  readonly turns?: number;
  readonly durationMs?: number;
  readonly ratePerSecond?: number;
  readonly arrivals?: ArrivalKind;
  readonly mix?: Mix;
  readonly users?: number;
  readonly chunks?: number;
  readonly chunkSize?: number;
  readonly chunkMs?: number;
  readonly turnStartDelayMs?: number;
  readonly turnTimeoutMs?: number;
  readonly rateLimit?: number;
  readonly repeat?: number;
  readonly chaos?: readonly FaultName[];
  readonly maxRecoveryMs?: number;
  readonly seed?: string;
  readonly fsync: boolean;
  readonly throughGateways: boolean;
  /** Not given: as the profile has it. */
  readonly titles?: boolean;
  readonly json?: string;
  readonly html?: string;
  readonly diagnose?: string;
  readonly floor: boolean;
  readonly budget?: string;
  readonly keep: boolean;
}

export interface RunPlan {
  readonly profileName: ProfileName;
  readonly profile: Profile;
  readonly loads: readonly LoadPlan[];
  readonly repeat: number;
  readonly spawn: SpawnOptions;
}

export const ARRIVAL_CHOICES = ARRIVAL_KINDS;
const DEFAULT_DURATION_MS = 30_000;
/** What the platform may at best need for a turn, where a load has no number of turns. */
const FASTEST_TURN_MS = 20;
/** Counts every request and refuses none. */
const UNMET_RATE_LIMIT = 1_000_000;
/** Of a load that lasts by time. */
const WARM_UP_TURNS = 5;

export function planRun(flags: RunFlags, logDirectory: string): RunPlan {
  const profile: Profile = PROFILES[flags.profile];
  const faults = flags.chaos ?? [];
  const bases = faults.length > 0 ? faults.map(chaosLoad) : profile.loads;
  const loads = bases.map((load) => applyFlags(load, flags));
  if (loads.length === 0) throw new Error('Name the faults: --chaos all, or some of them');
  const repeat = flags.repeat ?? profile.repeat;
  return {
    profileName: flags.profile,
    profile,
    loads,
    repeat,
    spawn: {
      size: {
        gateways: flags.gateways ?? profile.size.gateways,
        workers: flags.workers ?? profile.size.workers,
        relays: flags.relays ?? profile.size.relays,
      },
      pool: flags.pool,
      isDurable: flags.fsync && profile.isDurable,
      rateLimit:
        flags.rateLimit ??
        (faults.some((fault) => NEEDS_RATE_LIMIT.has(fault)) ? UNMET_RATE_LIMIT : profile.rateLimit),
      ledgerEntries: Math.max(...loads.map(ledgerEntriesOf)),
      canDisturbBus: faults.some((fault) => NEEDS_PROXY.has(fault)),
      isThroughGateways: flags.throughGateways,
      hasTitles: flags.titles ?? profile.hasTitles,
      isDebuggable: flags.diagnose !== undefined,
      logDirectory,
    },
  };
}

/** Room for titles, tool steps and regenerations too. */
function ledgerEntriesOf(load: LoadPlan): number {
  const { chats, durationMs = 0, shape } = load;
  const turnMs = FASTEST_TURN_MS + shape.firstByteMs + shape.chunkMs * (shape.chunks - 1);
  const turns = plannedTurns(load) ?? Math.ceil((chats * durationMs) / turnMs);
  return 4 * (turns + chats);
}

/** What a load does before it counts: so many of its chats, so often as it says or a few times, and nothing of what it is to suffer. */
export function warmUpOf(
  load: LoadPlan,
  { warmUpChats, warmUpTurns = load.turns ?? WARM_UP_TURNS }: Profile,
): LoadPlan {
  return {
    ...load,
    name: 'warm-up',
    chats: warmUpChats,
    turns: warmUpTurns,
    durationMs: undefined,
    arrivals: undefined,
    fault: undefined,
    maxRecoveryMs: undefined,
    mustBeLimited: undefined,
    barrierDelayMs: 0,
  };
}

function applyFlags(load: LoadPlan, flags: RunFlags): LoadPlan {
  const arrivals = arrivalsOf(load, flags);
  const isTimed = arrivals !== undefined || flags.durationMs !== undefined || load.durationMs !== undefined;
  return {
    ...load,
    chats: flags.chats ?? load.chats,
    turns: isTimed ? undefined : (flags.turns ?? load.turns),
    durationMs: arrivals === undefined ? (flags.durationMs ?? load.durationMs) : undefined,
    arrivals,
    mix: flags.mix ?? load.mix,
    users: flags.users ?? load.users,
    shape: {
      ...load.shape,
      ...(flags.chunks === undefined ? {} : { chunks: flags.chunks }),
      ...(flags.chunkSize === undefined ? {} : { chunkSize: flags.chunkSize }),
      ...(flags.chunkMs === undefined ? {} : { chunkMs: flags.chunkMs }),
    },
    barrierDelayMs: flags.turnStartDelayMs ?? load.barrierDelayMs,
    hasBarrier: load.hasBarrier || isTimed || (flags.turnStartDelayMs ?? 0) > 0,
    turnTimeoutMs: flags.turnTimeoutMs ?? load.turnTimeoutMs,
    maxRecoveryMs: load.maxRecoveryMs === undefined ? undefined : (flags.maxRecoveryMs ?? load.maxRecoveryMs),
    // Another mix or length is not what the budget was measured with.
    isBudgeted: load.isBudgeted && flags.mix === undefined && flags.turns === undefined && !isTimed,
  };
}

function arrivalsOf(load: LoadPlan, flags: RunFlags): LoadPlan['arrivals'] {
  if (flags.ratePerSecond === undefined && flags.arrivals === undefined) {
    return load.arrivals === undefined || flags.durationMs === undefined
      ? load.arrivals
      : { ...load.arrivals, durationMs: flags.durationMs };
  }
  return {
    kind: flags.arrivals ?? load.arrivals?.kind ?? 'poisson',
    perSecond: flags.ratePerSecond ?? load.arrivals?.perSecond ?? 20,
    durationMs: flags.durationMs ?? load.arrivals?.durationMs ?? DEFAULT_DURATION_MS,
  };
}
