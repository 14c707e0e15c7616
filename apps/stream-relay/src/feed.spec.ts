import type { ChatChange, ChatMessage, ChatParts, StreamEvent } from '@parley/contracts';
import { parseCursor } from './cursor';
import type { EncodedEvent } from './encoded-event';
import { Feed, FEED_LIMITS, type FeedLimits } from './feed';
import type { FeedUpdate } from './feed-update';
import { ModelChat, WORKER } from './testing/model-chat';

const chatId = '00000000-0000-4000-8000-000000000001';

/** A loaded feed beside the chat it watches, and the changes the chat has told of since. */
function watch(limits: FeedLimits = FEED_LIMITS, prepare: (chat: ModelChat) => void = () => undefined) {
  const chat = new ModelChat(chatId);
  chat.send('hello');
  prepare(chat);
  chat.published.length = 0;
  const feed = new Feed(chatId, limits);
  feed.load(chat.snapshot(0, 256), 0);
  return { chat, feed };
}

function changesOf(chat: ModelChat): ChatChange[] {
  return chat.published.flatMap((published) => (published.kind === 'change' ? [published.change] : []));
}

function partsOf(chat: ModelChat): ChatParts[] {
  return chat.published.flatMap((published) => (published.kind === 'parts' ? [published.parts] : []));
}

function decode(events: readonly EncodedEvent[]): StreamEvent[] {
  return events.map(({ json }) => JSON.parse(json) as StreamEvent);
}

function told(update: FeedUpdate): StreamEvent[] {
  if (update.kind === 'replaced') throw new Error('replaced');
  return decode([...update.events, ...update.parts]);
}

const types = (update: FeedUpdate): string[] => told(update).map(({ type }) => type);

const nth = <T>(items: readonly T[], index: number): T => {
  const item = items.at(index);
  if (item === undefined) throw new Error(`no item ${index}`);
  return item;
};

describe('Feed', () => {
  it('tells one change in the order that clients rely on', () => {
    const { chat, feed } = watch();
    const message = (id: number): ChatMessage => ({
      id,
      chat_id: chatId,
      created_at: '2026-01-01T00:00:00.000Z',
      role: 'assistant',
      content: [{ type: 'tool-call', tool_call_id: 'call_1', tool_name: 'ask', args: { color: 'red' } }],
    });
    const { version } = chat.head;
    const update = feed.apply({
      chat_id: chatId,
      owner_id: chat.head.ownerId,
      from_version: version,
      version: version + 1,
      history_version: version + 1,
      queue_version: version + 1,
      status: 'requires_action',
      worker_id: null,
      generation_attempt: 0,
      archived: false,
      messages: [message(100)],
      queue: [],
      error: { message: 'odd, but told', retryable: false },
      retry: { attempt: 1, delay_ms: 5, error: 'x', retrying_at: '2026-01-01T00:00:00.000Z' },
      open_calls: [
        { tool_call_id: 'call_1', tool_name: 'ask', dynamic: true },
        { tool_call_id: 'call_2', tool_name: 'local', dynamic: false },
      ],
    });
    expect(types(update)).toEqual([
      'message',
      'queue_update',
      'status',
      'error',
      'action_required',
      'retry',
      'preview_reset',
    ]);
    expect(told(update)[4]).toMatchObject({
      action_required: {
        tool_calls: [{ tool_call_id: 'call_1', tool_name: 'ask', args: '{"color":"red"}' }],
      },
    });
  });

  it('drops a change it has, and says nothing when a retry or an error is cleared', () => {
    const { chat, feed } = watch();
    chat.acquire();
    chat.retry();
    chat.fail('bad');
    chat.send('again');
    const [acquired, retried, failed, sent] = changesOf(chat);
    expect(types(feed.apply(nth([acquired], 0) as ChatChange))).toEqual([]);
    expect(types(feed.apply(retried as ChatChange))).toEqual(['retry', 'preview_reset']);
    expect(types(feed.apply(retried as ChatChange))).toEqual([]);
    expect(types(feed.apply(failed as ChatChange))).toEqual(['status', 'error']);
    expect(types(feed.apply(sent as ChatChange))).toEqual(['message', 'status', 'preview_reset']);
    expect(feed.lack()).toBe('nothing');
  });

  it('keeps a change that overtook another until that one comes', () => {
    const { chat, feed } = watch();
    chat.acquire();
    chat.finish('first answer');
    chat.send('next');
    const [one, two, three] = changesOf(chat);
    expect(types(feed.apply(three as ChatChange))).toEqual([]);
    expect(types(feed.apply(two as ChatChange))).toEqual([]);
    expect(feed.lack()).toBe('later');
    expect(types(feed.apply(one as ChatChange))).toEqual([
      ...['message', 'status', 'preview_reset'],
      ...['message', 'status', 'preview_reset'],
    ]);
    expect(feed.lack()).toBe('nothing');
  });

  it('keeps a bounded number of early changes, and knows that it lacks the others', () => {
    const { chat, feed } = watch({ ...FEED_LIMITS, maxEarlyChanges: 2 });
    for (let index = 0; index < 5; index += 1) chat.send(`queued ${index}`);
    const [first, ...others] = changesOf(chat);
    for (const change of others) feed.apply(change);
    expect(types(feed.apply(first as ChatChange))).toEqual(['queue_update', 'queue_update', 'queue_update']);
    expect(feed.lack()).toBe('later');
    expect(types(feed.load(chat.snapshot(feed.version, 256), feed.version))).toEqual(['queue_update']);
    expect(feed.lack()).toBe('nothing');
  });

  it('counts the bytes of early changes, and keeps no more than may be', () => {
    const { chat, feed } = watch({ ...FEED_LIMITS, maxEarlyBytes: 3_000 });
    const before = feed.bytes;
    chat.send('missing');
    for (let index = 0; index < 3; index += 1) chat.send('x'.repeat(600));
    const [missing, ...others] = changesOf(chat);
    for (const change of others) feed.apply(change);
    expect(feed.bytes - before).toBeGreaterThan(600);
    expect(feed.bytes - before).toBeLessThanOrEqual(3_000);
    expect(types(feed.apply(missing as ChatChange)).length).toBeLessThan(4);
    expect([feed.bytes, feed.lack()]).toEqual([before, 'later']);
  });

  it.each([{ truncated: true }, { history_reset: true }])('must read after a change with %j', (mark) => {
    const { chat, feed } = watch();
    chat.acquire();
    chat.finish('answer');
    const [acquired, finished] = changesOf(chat);
    feed.apply(acquired as ChatChange);
    const { messages: _left, ...rest } = finished as ChatChange;
    expect(types(feed.apply({ ...rest, ...mark }))).toEqual([]);
    expect(feed.lack()).toBe('read');
    const update = feed.load(chat.snapshot(feed.version, 256), feed.version);
    expect(types(update)).toEqual(['message', 'status', 'preview_reset']);
    expect(feed.lack()).toBe('nothing');
  });

  it('an edit that it only learns of by reading makes every viewer attach again', () => {
    const { chat, feed } = watch(FEED_LIMITS, (before) => before.finish('answer'));
    const { cursor } = feed;
    chat.edit('other');
    const update = feed.load(chat.snapshot(feed.version, 256), feed.version);
    expect(update).toEqual({ kind: 'replaced', from: cursor });
    expect([feed.resets, feed.isBrokenSince(cursor.version), feed.isBrokenSince(feed.version)]).toEqual([
      1,
      true,
      false,
    ]);
  });

  it('a read that is older than the feed changes nothing', () => {
    const { chat, feed } = watch();
    const stale = chat.snapshot(feed.version, 256);
    chat.acquire();
    chat.finish('answer');
    for (const change of changesOf(chat)) feed.apply(change);
    const { version } = feed;
    expect(types(feed.load(stale, version))).toEqual([]);
    expect(feed.version).toBe(version);
  });

  it('gives each part once and in order, and knows of a hole', () => {
    const { chat, feed } = watch();
    chat.acquire();
    feed.apply(nth(changesOf(chat), 0));
    for (const text of ['a', 'b', 'c']) chat.stream([text]);
    const [a, b, c] = partsOf(chat);
    const seqs = (update: FeedUpdate): number[] =>
      told(update).map((event) => (event.type === 'message_part' ? event.message_part.seq : -1));
    expect(seqs(feed.applyParts(c as ChatParts))).toEqual([]);
    expect(feed.hole).toMatchObject({ afterSeq: 0 });
    expect(seqs(feed.applyParts(a as ChatParts))).toEqual([1]);
    expect(seqs(feed.applyParts(a as ChatParts))).toEqual([]);
    expect(feed.hole).toMatchObject({ afterSeq: 1 });
    const filled = chat.episode(1, { historyVersion: chat.head.historyVersion, attempt: 0 });
    expect(seqs(feed.applyParts(filled as ChatParts))).toEqual([2, 3]);
    expect(seqs(feed.applyParts(b as ChatParts))).toEqual([]);
    expect(feed.hole).toBeNull();
  });

  it('holds the parts of an episode that it has not heard of, and drops those of one that is over', () => {
    const { chat, feed } = watch();
    chat.acquire();
    chat.stream(['old']);
    chat.retry();
    chat.acquire();
    chat.stream(['new']);
    const [old, fresh] = partsOf(chat);
    const [acquired, retried, again] = changesOf(chat);
    feed.apply(acquired as ChatChange);
    expect(types(feed.applyParts(fresh as ChatParts))).toEqual([]);
    expect(feed.lack()).toBe('later');
    expect(types(feed.apply(retried as ChatChange))).toEqual(['retry', 'preview_reset', 'message_part']);
    expect(types(feed.applyParts(old as ChatParts))).toEqual([]);
    expect(types(feed.apply(again as ChatChange))).toEqual([]);
  });

  it('lets a part through that fills a hole, however much waits behind it', () => {
    const { chat, feed } = watch({ ...FEED_LIMITS, maxPartBytes: 100 });
    chat.acquire();
    feed.apply(nth(changesOf(chat), 0));
    for (let index = 0; index < 10; index += 1) chat.stream([`part number ${index}`]);
    const [first, ...rest] = partsOf(chat);
    for (const parts of rest) feed.applyParts(parts);
    expect(feed.bytes).toBeLessThan(1_000);
    expect(types(feed.applyParts(first as ChatParts)).length).toBeGreaterThan(1);
    expect(feed.hole).not.toBeNull();
  });

  it('an episode too long to keep goes on for those who follow it, and leaves out who joins', () => {
    const { chat, feed } = watch({ ...FEED_LIMITS, maxPartBytes: 60 });
    chat.acquire();
    feed.apply(nth(changesOf(chat), 0));
    for (let index = 0; index < 4; index += 1) chat.stream([`part number ${index}`]);
    const sent = partsOf(chat).flatMap((parts) => types(feed.applyParts(parts)));
    expect(sent).toEqual(Array.from({ length: 4 }, () => 'message_part'));
    const late = feed.cutOver({ version: 0, attempt: 0, seq: 0, messageId: 0 });
    expect(decode(late.events).map(({ type }) => type)).toEqual([
      'message',
      'queue_update',
      'status',
      'preview_reset',
    ]);
    expect([late.followsParts, feed.bytes < 500]).toEqual([false, true]);
  });

  it('gives a viewer that lacks nothing nothing, and one in the middle of the parts the rest of them', () => {
    const { chat, feed } = watch();
    chat.acquire();
    feed.apply(nth(changesOf(chat), 0));
    chat.stream(['a', 'b', 'c']);
    const update = feed.applyParts(nth(partsOf(chat), 0));
    const cursors = update.kind === 'tail' ? update.parts.map(({ cursor }) => parseCursor(cursor)) : [];
    expect(feed.cutOver(feed.cursor).events).toEqual([]);
    const [afterA] = cursors;
    if (afterA === undefined || afterA === null) throw new Error('no cursor');
    expect(decode(feed.cutOver(afterA).events)).toMatchObject([
      { message_part: { seq: 2 } },
      { message_part: { seq: 3 } },
    ]);
    expect(feed.head?.workerId).toBe(WORKER);
  });

  it('keeps the newest messages within its count and bytes, and knows how far back it reaches', () => {
    const { chat, feed } = watch({ ...FEED_LIMITS, maxMessages: 3, maxMessageBytes: 1_000 });
    for (let index = 0; index < 6; index += 1) chat.commitStep(`step ${index}`);
    for (const change of changesOf(chat)) feed.apply(change);
    const ids = chat.visible.map(({ id }) => id);
    expect(feed.messages.floorId).toBe(ids.at(-4));
    expect(feed.messages.after(0, Infinity).messages.map(({ id }) => id)).toEqual(ids.slice(-3));
    chat.commitStep('x'.repeat(2_000));
    feed.apply(nth(changesOf(chat), -1));
    expect([feed.bytes, feed.messages.floorId]).toEqual([0, chat.visible.at(-1)?.id]);
  });
});
