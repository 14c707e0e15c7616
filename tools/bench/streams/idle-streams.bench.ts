/**
 * What an open stream costs one relay that holds 10,000 of them, each of a chat of its own, while 100 of the chats run. Not part of the tests;
 * after `npm run build`:
 *   npx jest --testMatch '**\/idle-streams.bench.ts'
 * Sizes by BENCH_STREAMS and BENCH_RUNNING, the transport by BENCH_OVER (WebSocket, SSE, both). Takes about a minute.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inBatches, LightStream } from './light-stream';
import { Stage } from './stage';

const STREAMS = Number(process.env['BENCH_STREAMS'] ?? 10_000);
const RUNNING = Number(process.env['BENCH_RUNNING'] ?? 100);
const OVER = process.env['BENCH_OVER'] ?? 'both';
const TURN = { parts: 100, everyMs: 100 };
const WARM_UP = 200;

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
    await delay(3_000);
    const before = relay.residentKib;
    const chatIds = await stage.chats(STREAMS);
    const startedAt = performance.now();
    const streams = await open(chatIds);
    const openedMs = performance.now() - startedAt;
    await delay(20_000);
    const idle = relay.residentKib;
    const cpuBefore = relay.cpuMs;
    await delay(10_000);
    const idleCpu = (relay.cpuMs - cpuBefore) / 100;
    // The window of the event loop's figures begins with a look at them.
    await relay.metric('nodejs_eventloop_lag_p99_seconds');
    const lags: number[] = [];
    const watching = new AbortController();
    const looking = (async () => {
      while (!watching.signal.aborted) {
        await delay(1_000);
        lags.push((await relay.metric('nodejs_eventloop_lag_p99_seconds')) * 1_000);
      }
    })();
    await Promise.all(chatIds.slice(0, RUNNING).map((chatId) => stage.turn(chatId, TURN)));
    await delay(1_000);
    watching.abort();
    await looking;
    const parts = streams.slice(0, RUNNING).map((stream) => stream.parts);
    expect(streams.every(({ isOpen }) => isOpen)).toBe(true);
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    expect(parts).toEqual(parts.map(() => TURN.parts));
    const perStream = (idle - before) / STREAMS;
    console.log(
      `${STREAMS} streams over ${OVER}: ${perStream.toFixed(1)} KiB each (${before} → ${idle} KiB), opened in ${openedMs.toFixed(0)} ms, ` +
        `idle CPU ${idleCpu.toFixed(1)} %; with ${RUNNING} chats running: p99 of the event loop's delay ${Math.max(...lags).toFixed(1)} ms ` +
        `(worst second; median ${lags.sort((a, b) => a - b)[lags.length >> 1]?.toFixed(1)}), ${relay.residentKib} KiB`,
    );
    for (const stream of streams) stream.close();
  } finally {
    await stage.clear();
  }
}, 600_000);
