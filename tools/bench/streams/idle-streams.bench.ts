/**
 * What an open stream costs one relay that holds 10,000 of them, each of a chat of its own, while 100 of the chats run. Not part of the tests;
 * after `npm run build`:
 *   npx jest --testMatch '**\/idle-streams.bench.ts'
 * Sizes by BENCH_STREAMS and BENCH_RUNNING, the transport by BENCH_OVER (WebSocket, SSE, both). Takes about two minutes. Fails above 20 KiB of
 * resident memory a stream, and when the event loop's delay is 50 ms or more at p99 of all the time in which those chats run; on a busy
 * machine BENCH_BUSY_FACTOR multiplies that limit of a time.
 */
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { inBatches, LightStream } from './light-stream';
import { Stage } from './stage';

const STREAMS = Number(process.env['BENCH_STREAMS'] ?? 10_000);
const RUNNING = Number(process.env['BENCH_RUNNING'] ?? 100);
const OVER = process.env['BENCH_OVER'] ?? 'both';
const TURN = { parts: 100, everyMs: 100 };
const WARM_UP = 200;
/** Before each look at the memory, so that neither has garbage in it which the other has not. */
const REST_MS = 20_000;
const MAX_KIB = 20;
const MAX_DELAY_MS = 50 * Number(process.env['BENCH_BUSY_FACTOR'] ?? 1);

const transportOf = (index: number): 'WebSocket' | 'SSE' =>
  OVER === 'SSE' || (OVER === 'both' && index % 2 === 0) ? 'SSE' : 'WebSocket';

test('10,000 idle streams on one relay', async () => {
  const stage = await Stage.build();
  try {
    const relay = await stage.relay();
    const { token } = stage;
    const open = async (chatIds: readonly string[]): Promise<LightStream[]> => {
      const streams = chatIds.map(
        (chatId, index) => new LightStream({ url: relay.url, chatId, token }, transportOf(index)),
      );
      await inBatches(streams, (stream) => stream.open());
      return streams;
    };
    // So that code and pools are there before the first look.
    for (const stream of await open(await stage.chats(WARM_UP))) stream.close();
    await delay(REST_MS);
    const before = relay.residentKib;
    const chatIds = await stage.chats(STREAMS);
    const startedAt = performance.now();
    const streams = await open(chatIds);
    const openedMs = performance.now() - startedAt;
    await delay(REST_MS);
    const idle = relay.residentKib;
    const cpuBefore = relay.cpuMs;
    await delay(10_000);
    const idleCpu = (relay.cpuMs - cpuBefore) / 100;
    // Each scrape begins the event loop's figures anew: with one before and one after, they are of all the time between.
    await relay.scrape();
    await Promise.all(chatIds.slice(0, RUNNING).map((chatId) => stage.turn(chatId, TURN)));
    await delay(1_000);
    const after = await relay.scrape();
    const delayMs = (of: 'p50' | 'p99' | 'max'): number =>
      1_000 * after.metric(`nodejs_eventloop_lag_${of}_seconds`);
    const parts = streams.slice(0, RUNNING).map((stream) => stream.parts);
    expect(streams.every(({ isOpen }) => isOpen)).toBe(true);
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    expect(parts).toEqual(parts.map(() => TURN.parts));
    const perStream = (idle - before) / STREAMS;
    console.log(
      `${STREAMS} streams over ${OVER}: ${perStream.toFixed(1)} KiB each (${before} → ${idle} KiB), opened in ${openedMs.toFixed(0)} ms, ` +
        `idle CPU ${idleCpu.toFixed(1)} %; with ${RUNNING} chats running: the event loop's delay ${delayMs('p99').toFixed(1)} ms at p99 ` +
        `(p50 ${delayMs('p50').toFixed(1)}, at most ${delayMs('max').toFixed(1)}; 10 of it the timer's own), ${relay.residentKib} KiB; ` +
        `load average ${loadavg()[0]?.toFixed(1)}`,
    );
    expect(perStream).toBeLessThanOrEqual(MAX_KIB);
    expect(delayMs('p99')).toBeLessThan(MAX_DELAY_MS);
    for (const stream of streams) stream.close();
  } finally {
    await stage.clear();
  }
}, 600_000);
