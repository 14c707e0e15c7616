/**
 * A crowd at one chat, and a storm of clients that all come back at once. Not part of the tests; after `npm run build`:
 *   npx jest --testMatch '**\/crowds.bench.ts'
 * Sizes by BENCH_VIEWERS (default 1,000, over three relays) and BENCH_STORM (default 5,000, on one). Takes about two minutes.
 *
 * The crowd fails when a relay reads more than once, is subscribed to a subject of the chat more or less than once, as NATS tells, or encodes what it
 * sends more than once for all viewers of a transport. The storm is of as many people as clients, each with a token of their own; it fails when
 * the relay reads anything of Postgres for them, when a part is missed or repeated, and when they are not all back within 5 s; on a
 * busy machine BENCH_BUSY_FACTOR multiplies that time.
 */
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@parley/testing';
import { inBatches, LightStream } from './light-stream';
import type { RelayProcess } from './relay-process';
import { Stage, type Subscriptions } from './stage';

const VIEWERS = Number(process.env['BENCH_VIEWERS'] ?? 1_000);
const STORM = Number(process.env['BENCH_STORM'] ?? 5_000);
const STORM_CHATS = 100;
const RELAYS = 3;
const PARTS = 100;
const TRANSPORTS = 2;
/** Of what a viewer is sent, some bytes are its own: heartbeats, and what it is told as it comes. */
const SHARED = 0.95;
/** Longer than a relay remembers a token that nobody shows. */
const TOKENS_FORGOTTEN_MS = 12_000;
const MAX_BACK_MS = 5_000 * Number(process.env['BENCH_BUSY_FACTOR'] ?? 1);
/** The owners' markers of what they have read are written, and the versions of all feeds are compared by the clock. */
const NOT_READS: ReadonlySet<string> = new Set(['mark_read', 'read_versions']);

const transportOf = (index: number): 'WebSocket' | 'SSE' => (index % 2 === 0 ? 'WebSocket' : 'SSE');

const describeSubscriptions = (subscriptions: Subscriptions): string =>
  [...subscriptions]
    .map(([subject, times]) => `${subject.replace(/.*\./, '')} ${times.join('+')}`)
    .join(', ');

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
    const reads = await Promise.all(relays.map(async (relay) => (await relay.scrape()).messageReads));
    const subscriptions = await stage.subscriptions(chatId);
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    expect(reads).toEqual(relays.map(() => 1));
    expect(Object.fromEntries(subscriptions)).toEqual({
      [`chat.${chatId}.changed`]: relays.map(() => 1),
      [`chat.${chatId}.parts`]: relays.map(() => 1),
    });
    const shares = sent.map(
      (bytes, index) =>
        (bytes - (sentBefore[index] ?? 0)) / ((encoded[index] ?? 0) - (encodedBefore[index] ?? 0)),
    );
    for (const share of shares) expect(share).toBeGreaterThan((SHARED * VIEWERS) / RELAYS / TRANSPORTS);
    const perEvent = cpu.map((ms) => (ms * 1_000) / (PARTS * (VIEWERS / RELAYS)));
    console.log(
      `${VIEWERS} viewers of one chat over ${RELAYS} relays: reads ${reads.join(', ')}; subscriptions ${describeSubscriptions(subscriptions)}; each byte encoded once for ` +
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
    const people = await stage.people(STORM);
    const chatIds = await stage.chats(STORM_CHATS, people);
    const streams = Array.from(
      { length: STORM },
      (_, index) =>
        new LightStream(
          {
            url: relay.url,
            chatId: chatIds[index % STORM_CHATS] ?? '',
            token: people[index]?.token ?? '',
          },
          transportOf(index),
        ),
    );
    await inBatches(streams, (stream) => stream.open());
    await eventually(() => streams.every(({ cursor }) => cursor !== ''), { timeoutMs: 30_000 });
    // So that nothing is known of their tokens but by their open streams.
    await delay(TOKENS_FORGOTTEN_MS);
    // Half of the chats talk while their viewers are away and come back.
    const talking = Promise.all(
      chatIds
        .filter((_, index) => index % 2 === 0)
        .map((chatId) => stage.turn(chatId, { parts: PARTS, everyMs: 100 })),
    );
    await eventually(() => streams.filter(({ parts }) => parts > 5).length >= STORM / 2, {
      timeoutMs: 60_000,
    });
    const [before, cpuBefore] = [await relay.scrape(), relay.cpuMs];
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
    const after = await relay.scrape();
    const statements = after.statementsSince(before);
    const reads = [...statements].filter(([name]) => !NOT_READS.has(name));
    const described = [...statements].map(([name, count]) => `${name} ${count}`).join(', ');
    console.log(
      `${STORM} clients of ${STORM_CHATS} chats back within ${(backMs / 1_000).toFixed(1)} s, ${(cpu / STORM).toFixed(2)} ms CPU each; ` +
        `messages read ${after.messageReads - before.messageReads} times; all statements meanwhile: ${described || 'none'}; parts missed or repeated: ${streams.reduce((sum, { faults }) => sum + faults, 0)}; load average ${loadavg()[0]?.toFixed(1)}`,
    );
    expect(reads).toEqual([]);
    expect(after.messageReads).toBe(before.messageReads);
    expect(streams.every(({ faults }) => faults === 0)).toBe(true);
    expect(backMs).toBeLessThan(MAX_BACK_MS);
    for (const stream of streams) stream.close();
  } finally {
    await stage.clear();
  }
}, 600_000);
