import { setImmediate as turn } from 'node:timers/promises';
import { FakeClock } from '@parley/testing';
import { FEED_LIMITS } from './feed';
import { Feeds, type FeedsOptions } from './feeds';
import type { FeedSource } from './feed-source';
import { RelayMetrics } from './relay-metrics';
import { logger } from './testing/relay-fixture';
import { ModelChat } from './testing/model-chat';
import { FEED_TIMING } from './watched-feed';

const nameOf = (index: number): string => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

function create(options: Partial<FeedsOptions> = {}) {
  const clock = new FakeClock();
  const metrics = new RelayMetrics();
  const chats = new Map<string, ModelChat>();
  let subscriptions = 0;
  let isAway = false;
  let reconnected = (): void => undefined;
  const source: FeedSource = {
    subscribe: async () => {
      await turn();
      subscriptions += 1;
      return { unsubscribe: () => (subscriptions -= 1), drain: () => Promise.resolve() };
    },
    readSnapshot: async ({ chatId, afterRevision }) => {
      await turn();
      if (isAway) throw new Error('Connection terminated');
      return chats.get(chatId)?.snapshot(afterRevision, 256) ?? null;
    },
    isHistoryBroken: () => Promise.resolve(false),
    readMessages: () => Promise.resolve({ messages: [], hasMore: false }),
    readVersions: async (ids) => {
      await turn();
      return new Map(
        ids.flatMap((id) => {
          const chat = chats.get(id);
          return chat === undefined ? [] : [[id, chat.head.version] as const];
        }),
      );
    },
    askEpisode: () => Promise.resolve(null),
  };
  const feeds = new Feeds({
    source,
    bus: { onReconnect: (listener) => ((reconnected = listener), () => undefined) },
    clock,
    random: () => 0.5,
    logger,
    metrics,
    limits: FEED_LIMITS,
    timing: FEED_TIMING,
    lingerMs: 60_000,
    maxBytes: 1_000_000,
    maxIdleFeeds: 100,
    versionCheckMs: 10_000,
    ...options,
  });
  const chat = (index: number, text = 'hello'): string => {
    const made = new ModelChat(nameOf(index));
    made.send(text);
    chats.set(made.chatId, made);
    return made.chatId;
  };
  const open = async (chatId: string) => {
    const hold = await feeds.open(chatId);
    if (hold === null) throw new Error('no such chat');
    return hold;
  };
  return {
    feeds,
    clock,
    metrics,
    chats,
    chat,
    open,
    subscriptions: () => subscriptions,
    reconnect: () => reconnected(),
    goAway: (away: boolean) => (isAway = away),
  };
}

describe('Feeds', () => {
  it('many who come at once for a cold chat share one subscription and one read', async () => {
    const { feeds, metrics, chat, open, subscriptions } = create();
    const chatId = chat(1);
    const holds = await Promise.all(Array.from({ length: 50 }, () => open(chatId)));
    expect(new Set(holds.map(({ watched }) => watched)).size).toBe(1);
    expect([metrics.firstReads, subscriptions(), feeds.count]).toEqual([1, 1, 1]);
    await feeds.stop();
    expect([subscriptions(), feeds.count]).toEqual([0, 0]);
  });

  it('a feed outlives its last viewer for a minute, and no longer', async () => {
    const { feeds, clock, metrics, chat, open } = create();
    const chatId = chat(1);
    (await open(chatId)).release();
    await clock.advance(59_000);
    await feeds.sweep();
    const again = await open(chatId);
    expect([metrics.firstReads, metrics.feedHits]).toEqual([1, 1]);
    await clock.advance(100_000);
    await feeds.sweep();
    expect(feeds.count).toBe(1);
    again.release();
    again.release();
    await clock.advance(60_000);
    await feeds.sweep();
    expect(feeds.count).toBe(0);
    await open(chatId);
    expect(metrics.firstReads).toBe(2);
    await feeds.stop();
  });

  it('over the budget, feeds without viewers go by least recent use; those with viewers stay, but keep less', async () => {
    const { feeds, metrics, chat, open } = create({ maxBytes: 30_000 });
    const text = 'x'.repeat(10_000);
    const ids = [1, 2, 3, 4, 5].map((index) => chat(index, text));
    const watched = await open(ids[0] ?? '');
    for (const id of ids.slice(1)) (await open(id)).release();
    (await open(ids[1] ?? '')).release();
    await feeds.sweep();
    expect([feeds.count, metrics.feedsEvicted]).toEqual([2, 3]);
    const reads = metrics.firstReads;
    await open(ids[1] ?? '');
    expect(metrics.firstReads).toBe(reads);
    await open(ids[2] ?? '');
    await feeds.sweep();
    expect(feeds.count).toBe(3);
    expect(feeds.bytes).toBeLessThanOrEqual(30_000);
    expect(watched.watched.feed.messages.after(0, Infinity).messages).toEqual([]);
    await feeds.stop();
  });

  it('over the budget by parts in flight, who follows them goes on, and who comes later waits for the answer', async () => {
    const { feeds, chat, chats, open } = create({ maxBytes: 5_000 });
    const { watched } = await open(chat(1));
    const model = chats.get(nameOf(1));
    model?.acquire();
    model?.stream(Array.from({ length: 10 }, () => 'y'.repeat(1_000)));
    const deliver = (): void => {
      for (const published of model?.published.splice(0) ?? [])
        if (published.kind === 'parts') watched.feed.applyParts(published.parts);
        else watched.feed.apply(published.change);
    };
    deliver();
    expect(feeds.bytes).toBeGreaterThan(10_000);
    await feeds.sweep();
    expect(feeds.bytes).toBeLessThanOrEqual(5_000);
    const late = watched.feed.cutOver({ version: 0, attempt: 0, seq: 0, messageId: 0 });
    expect([late.followsParts, late.events.some(({ type }) => type === 'message_part')]).toEqual([
      false,
      false,
    ]);
    model?.stream(['more']);
    const [published] = model?.published.splice(0) ?? [];
    const update = published?.kind === 'parts' ? watched.feed.applyParts(published.parts) : undefined;
    expect(update?.kind === 'tail' && update.parts.length).toBe(1);
    model?.finish('done');
    deliver();
    model?.send('again');
    model?.stream(['from the start']);
    deliver();
    expect(watched.feed.cutOver({ version: 0, attempt: 0, seq: 0, messageId: 0 }).followsParts).toBe(true);
    await feeds.stop();
  });

  it('one statement compares all feeds, and those that are behind catch up', async () => {
    const { feeds, clock, metrics, chat, chats, open } = create();
    const holds = await Promise.all([1, 2, 3].map((index) => open(chat(index))));
    for (const made of chats.values()) made.finish('answer');
    chats.delete(nameOf(3));
    feeds.start();
    await clock.waitForSleeper('version check');
    await clock.advance(10_000);
    // What the bus only brings later than Postgres needs no read.
    await clock.waitForSleeper('late changes');
    expect(metrics.catchUpReads).toBe(0);
    await clock.advance(1_000);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    await clock.advance(50);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(metrics.versionReads).toBe(1);
    expect(holds.map(({ watched }) => watched.feed.head?.status)).toEqual(['waiting', 'waiting', 'running']);
    // The third chat was deleted: its streams have ended, and nobody gets another one.
    expect(holds.map(({ watched }) => watched.isOver)).toEqual([false, false, true]);
    expect(await feeds.open(nameOf(3))).toBeNull();
    await feeds.stop();
  });

  it('compares at once when the bus is back', async () => {
    const { feeds, clock, chat, chats, open, reconnect } = create();
    const hold = await open(chat(1));
    feeds.start();
    chats.get(nameOf(1))?.finish('answer');
    reconnect();
    await clock.waitForSleeper('change gap');
    await clock.advance(50);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(hold.watched.feed.head?.status).toBe('waiting');
    await feeds.stop();
  });

  it('compares again soon after, for what a process published that found the bus later', async () => {
    const { feeds, clock, metrics, chat, chats, open, reconnect } = create();
    const hold = await open(chat(1));
    feeds.start();
    reconnect();
    for (let turns = 0; turns < 5; turns += 1) await turn();
    chats.get(nameOf(1))?.finish('told to a bus that was away');
    await clock.advance(1_200);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    await clock.advance(100);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(hold.watched.feed.head?.status).toBe('waiting');
    await clock.advance(8_000);
    for (let turns = 0; turns < 5; turns += 1) await turn();
    expect(metrics.versionReads).toBe(5);
    await feeds.stop();
  });

  it('keeps nothing of a chat that is not there, nor of one that could not be read', async () => {
    const { feeds, chat, subscriptions, goAway, open } = create();
    expect(await feeds.open(nameOf(9))).toBeNull();
    goAway(true);
    const chatId = chat(1);
    await expect(feeds.open(chatId)).rejects.toThrow('Connection terminated');
    expect([feeds.count, subscriptions()]).toEqual([0, 0]);
    goAway(false);
    (await open(chatId)).release();
    await feeds.stop();
  });
});
