/** The faults by name: what breaks, for how long, and how it is mended. Each one resolves when it is mended. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ChaosControls } from '../system/target';

export interface Fault {
  readonly what: string;
  /** Resolves when the platform has everything again that it needs. */
  readonly strike: (controls: ChaosControls, signal: AbortSignal) => Promise<void>;
}

/** Longer than a lease: a paused worker wakes up as one that is taken for dead. */
const PAUSE_WORKER_MS = 12_000;
const PAUSE_MS = 6_000;
/** A killed service comes back only after its chats had to be recovered without it. */
const DOWN_MS = 15_000;
const SERVER_DOWN_MS = 1_000;
const DISTURBED_MS = 25_000;
const BLOCKED_MS = 6_000;
const KILL_EVERY_MS = 3_000;
/** For how long workers are killed by turns, at most. */
export const KILLING_MS = 120_000;

function killed(role: 'gateway' | 'chat-worker' | 'stream-relay'): Fault {
  return {
    what: `kill -9 of a ${role}, started again after ${DOWN_MS / 1000} s`,
    async strike(controls, signal) {
      await controls.kill(role, 0);
      await pass(DOWN_MS, signal);
      await controls.start(role, 0);
    },
  };
}

function paused(role: 'gateway' | 'chat-worker' | 'stream-relay', ms: number): Fault {
  return {
    what: `SIGSTOP of a ${role} for ${ms / 1000} s`,
    async strike(controls, signal) {
      controls.pause(role, 0);
      await pass(ms, signal);
      controls.resume(role, 0);
    },
  };
}

function crashed(server: 'postgres' | 'nats' | 'redis'): Fault {
  return {
    what: `kill -9 of ${server}, up again after ${SERVER_DOWN_MS / 1000} s`,
    strike: (controls) => controls.crash(server, SERVER_DOWN_MS),
  };
}

function disturbed(what: string, shares: { drop?: number; double?: number; delay?: number }): Fault {
  return {
    what: `${what} for ${DISTURBED_MS / 1000} s`,
    async strike(controls, signal) {
      controls.disturbBus({ drop: 0, double: 0, delay: 0, delayMs: 300, ...shares });
      await pass(DISTURBED_MS, signal);
      controls.disturbBus(null);
    },
  };
}

/**
 * The workers by turns, one every few seconds; each is started again when the next one dies. One dies only when it is up again itself,
 * and another one with it, so that never all are gone.
 */
export function killedByTurns({ everyMs, forMs }: { everyMs: number; forMs: number }): Fault {
  return {
    what: `kill -9 of a chat-worker every ${everyMs / 1000} s, for ${forMs / 1000} s at most`,
    async strike(controls, signal) {
      const up = Array.from({ length: controls.count('chat-worker') }, () => Promise.resolve());
      const beginsAtMs = Date.now();
      for (let kills = 0; Date.now() - beginsAtMs < forMs && !signal.aborted; kills += 1) {
        const index = kills % up.length;
        const others = up.filter((_, other) => other !== index);
        await up[index];
        if (others.length > 0) await Promise.race(others);
        const diesAtMs = Date.now();
        await controls.kill('chat-worker', index);
        await pass(everyMs - (Date.now() - diesAtMs), signal);
        const back = controls.start('chat-worker', index);
        // Its turn, in which it is awaited, is yet to come.
        back.catch(() => undefined);
        up[index] = back;
      }
      await Promise.all(up);
    },
  };
}

export const FAULTS = {
  'kill-worker': killed('chat-worker'),
  'kill-workers': killedByTurns({ everyMs: KILL_EVERY_MS, forMs: KILLING_MS }),
  'kill-relay': killed('stream-relay'),
  'kill-gateway': killed('gateway'),
  'pause-worker': paused('chat-worker', PAUSE_WORKER_MS),
  'pause-relay': paused('stream-relay', PAUSE_MS),
  'pause-gateway': paused('gateway', PAUSE_MS),
  'restart-nats': crashed('nats'),
  'restart-redis': crashed('redis'),
  'restart-postgres': crashed('postgres'),
  'drop-bus': disturbed('5 % of the bus messages lost', { drop: 0.05 }),
  'double-bus': disturbed('10 % of the bus messages doubled', { double: 0.1 }),
  'delay-bus': disturbed('10 % of the bus messages 300 ms late', { delay: 0.1 }),
  'lossy-bus': disturbed('1 % of the bus messages lost, 1 % doubled, 5 % 300 ms late, at once', {
    drop: 0.01,
    double: 0.01,
    delay: 0.05,
  }),
  'exhaust-pool': {
    what: `every connection of every pool waits for ${BLOCKED_MS / 1000} s`,
    strike: (controls) => controls.blockDatabase(BLOCKED_MS),
  },
  'roll-all': {
    what: 'every service restarted in order, one after the other',
    strike: (controls) => controls.rollAll(),
  },
} as const satisfies Record<string, Fault>;
export type FaultName = keyof typeof FAULTS;

/** Recovery is measured kill by kill. */
export const KILLS_WORKERS: ReadonlySet<FaultName> = new Set(['kill-worker', 'kill-workers']);
export const NEEDS_PROXY: ReadonlySet<FaultName> = new Set([
  'drop-bus',
  'double-bus',
  'delay-bus',
  'lossy-bus',
]);
/** Requests are answered throughout. */
export const REFUSES_NOTHING: ReadonlySet<FaultName> = new Set([
  'kill-worker',
  'kill-workers',
  'pause-worker',
  'restart-nats',
  'drop-bus',
  'double-bus',
  'delay-bus',
  'lossy-bus',
]);
/** Nobody asks Redis but the rate limit. */
export const NEEDS_RATE_LIMIT: ReadonlySet<FaultName> = new Set(['restart-redis']);

export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(FAULTS, name);
}

/** `all`, or names with commas. @throws Error naming what is unknown */
export function parseFaults(text: string): FaultName[] {
  if (text === 'all') return Object.keys(FAULTS).filter(isFaultName);
  return text.split(',').map((entry) => {
    const name = entry.trim();
    if (!isFaultName(name))
      throw new Error(`"${name}" is no fault: take all or ${Object.keys(FAULTS).join(', ')}`);
    return name;
  });
}

/** Returns early when the run is stopped, so that what was broken is mended in any case. */
async function pass(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
