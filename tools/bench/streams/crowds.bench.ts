/**
 * A crowd at one chat, and a storm of clients that all come back at once. Not part of the tests; after `npm run build`:
 *   npx jest --testMatch '**\/crowds.bench.ts'
 * Sizes by BENCH_VIEWERS (default 1,000, over three relays) and BENCH_STORM (default 5,000, on one). Takes about two minutes.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@parley/testing';
import { inBatches, LightStream } from './light-stream';
import type { RelayProcess } from './relay-process';
import { Stage } from './stage';

const VIEWERS = Number(process.env['BENCH_VIEWERS'] ?? 1_000);
const STORM = Number(process.env['BENCH_STORM'] ?? 5_000);
const STORM_CHATS = 100;
const RELAYS = 3;
const PARTS = 100;

const transportOf = (index: number): 'WebSocket' | 'SSE' => (index % 2 === 0 ? 'WebSocket' : 'SSE');

test('a crowd at one chat', async () => {
  const stage = await Stage.build();
  try {
    const relays: RelayProcess[] = [];
    while (relays.length < RELAYS) relays.push(await stage.relay());
    const [chatId = ''] = await stage.chats(1);
    const streams = Array.from({ length: VIEWERS }, (_, index) => {
      const url = relays[index % RELAYS]?.url ?? '';
      return new LightStream({ url, chatId, token: stage.token }, transportOf(Math.floor(index / RELAYS)));
    });
    await inBatches(streams, (stream) => stream.open());
    const counted = async (name: string): Promise<number[]> =>
      Promise.all(relays.map((relay) => relay.metric(`parley_relay_${name}_total`)));
    const [sentBefore, encodedBefore] = [await counted('bytes_sent'), await counted('bytes_encoded')];
    const cpuBefore = relays.map(({ cpuMs }) => cpuMs);
    await stage.turn(chatId, { parts: PARTS, everyMs: 50 });
    await eventually(() => streams.every(({ parts }) => parts === PARTS), { timeoutMs: 30_000 });
    await delay(1_000);
    const [sent, encoded] = [await counted('bytes_sent'), await counted('bytes_encoded')];
    const cpu = relays.map(({ cpuMs }, index) => cpuMs - (cpuBefore[index] ?? 0));
    const reads = await Promise.all(relays.map((relay) => relay.reads()));
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    expect(reads).toEqual(relays.map(() => 1));
    const shares = sent.map(
      (bytes, index) =>
        (bytes - (sentBefore[index] ?? 0)) / ((encoded[index] ?? 0) - (encodedBefore[index] ?? 0)),
    );
    const perEvent = cpu.map((ms) => (ms * 1_000) / (PARTS * (VIEWERS / RELAYS)));
    console.log(
      `${VIEWERS} viewers of one chat over ${RELAYS} relays: reads ${reads.join(', ')}; each byte encoded once for ` +
        `${shares.map((share) => share.toFixed(0)).join(', ')} viewers of a transport; CPU a part and viewer ${perEvent.map((us) => us.toFixed(1)).join(', ')} µs`,
    );
    for (const stream of streams) stream.close();
  } finally {
    await stage.clear();
  }
}, 600_000);

test('a storm of clients that come back with their cursors', async () => {
  const stage = await Stage.build();
  try {
    const relay = await stage.relay();
    const chatIds = await stage.chats(STORM_CHATS);
    const streams = Array.from(
      { length: STORM },
      (_, index) =>
        new LightStream(
          { url: relay.url, chatId: chatIds[index % STORM_CHATS] ?? '', token: stage.token },
          transportOf(index),
        ),
    );
    await inBatches(streams, (stream) => stream.open());
    await eventually(() => streams.every(({ cursor }) => cursor !== ''), { timeoutMs: 30_000 });
    // Half of the chats talk while their viewers are away and come back.
    const talking = Promise.all(
      chatIds
        .filter((_, index) => index % 2 === 0)
        .map((chatId) => stage.turn(chatId, { parts: PARTS, everyMs: 100 })),
    );
    await eventually(() => streams.filter(({ parts }) => parts > 5).length >= STORM / 2, {
      timeoutMs: 60_000,
    });
    const [readsBefore, cpuBefore] = [await relay.reads(), relay.cpuMs];
    for (const stream of streams) stream.close();
    await eventually(async () => (await relay.metric('parley_relay_viewers')) === 0, { timeoutMs: 30_000 });
    const startedAt = performance.now();
    await inBatches(streams, (stream) => stream.open(), 500);
    const backMs = performance.now() - startedAt;
    const cpu = relay.cpuMs - cpuBefore;
    await talking;
    const isWhole = ({ parts }: LightStream, index: number): boolean =>
      parts === ((index % STORM_CHATS) % 2 === 0 ? PARTS : 0);
    await eventually(() => streams.every(isWhole), { timeoutMs: 30_000 });
    const reads = (await relay.reads()) - readsBefore;
    console.log(
      `${STORM} clients of ${STORM_CHATS} chats back within ${(backMs / 1_000).toFixed(1)} s, ${(cpu / STORM).toFixed(2)} ms CPU each; ` +
        `reads of Postgres: ${reads}; parts missed or repeated: ${streams.reduce((sum, { faults }) => sum + faults, 0)}`,
    );
    expect(reads).toBe(0);
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    for (const stream of streams) stream.close();
  } finally {
    await stage.clear();
  }
}, 600_000);
