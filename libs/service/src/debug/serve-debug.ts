/**
 * Looking into a running service: `POST /debug/profile?seconds=5` answers with a CPU profile (`.cpuprofile`), `POST /debug/heap-snapshot`
 * with a heap snapshot (`.heapsnapshot`), both for the browser's developer tools.
 *
 * Refuses by not being there unless switched on, whoever does not call from this machine itself, a second profile or snapshot beside one
 * under way, and profiles longer than a minute. A heap snapshot stops the process while it is taken, for as long as a second per 100 MB,
 * and holds everything in memory, content and keys included: hence the loopback.
 */
import { Session } from 'node:inspector/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

const DEFAULT_SECONDS = 5;
const MAX_SECONDS = 60;
/** The V8 default, 1 ms, is too coarse for turns of a few milliseconds. */
const SAMPLING_INTERVAL_US = 500;

export interface DebugOptions {
  readonly isEnabled: boolean;
  /** Cuts a profile under way short, so that a stop does not wait for it. */
  readonly signal?: AbortSignal;
}

export function serveDebug(instance: FastifyInstance, { isEnabled, signal }: DebugOptions): void {
  if (!isEnabled) return;
  let isBusy = false;
  const alone =
    (work: (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>) =>
    async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
      if (!isLocal(request)) return reply.code(403).send({ message: 'Only for callers on this machine.' });
      if (isBusy) return reply.code(409).send({ message: 'A profile or a snapshot is under way.' });
      isBusy = true;
      try {
        return await work(request, reply);
      } finally {
        isBusy = false;
      }
    };
  instance.post(
    '/debug/profile',
    alone(async (request, reply) => {
      const seconds = secondsOf(request.query);
      if (seconds === null)
        return reply.code(400).send({ message: `seconds: a number above 0, at most ${MAX_SECONDS}.` });
      return reply.type('application/json').send(await profile(seconds * 1000, signal));
    }),
  );
  instance.post(
    '/debug/heap-snapshot',
    alone(async (_request, reply) => reply.type('application/json').send(getHeapSnapshot())),
  );
}

/** The address of the socket, not what headers say; and whoever is behind a proxy is not from here. */
function isLocal(request: FastifyRequest): boolean {
  const address = request.socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./.test(address);
  return (
    isLoopback &&
    request.headers['x-forwarded-for'] === undefined &&
    request.headers['forwarded'] === undefined
  );
}

function secondsOf(query: unknown): number | null {
  const asked =
    typeof query === 'object' && query !== null && 'seconds' in query ? query.seconds : DEFAULT_SECONDS;
  const seconds = Number(asked);
  return seconds > 0 && seconds <= MAX_SECONDS ? seconds : null;
}

async function profile(ms: number, signal: AbortSignal | undefined): Promise<string> {
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.setSamplingInterval', { interval: SAMPLING_INTERVAL_US });
    await session.post('Profiler.start');
    await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
    const { profile: taken } = await session.post('Profiler.stop');
    return JSON.stringify(taken);
  } finally {
    session.disconnect();
  }
}
