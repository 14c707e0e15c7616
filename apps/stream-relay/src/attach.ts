/**
 * How a viewer gets into a chat's stream: replay, cut over, tail.
 *
 * Replay sends the messages it lacks page by page, each when the peer has taken the one before, from Postgres what is older
 * than the feed's ring. The cut over sends the rest, the state and the parts in flight, and joins the tail in the same turn of
 * the event loop, so that no change can fall between and none comes twice.
 */
import { formatCursor, type Cursor } from './cursor';
import { encodeEvent, EventBatch } from './encoded-event';
import type { Feed } from './feed';
import type { RingMessage } from './message-ring';
import { messageEvents } from './sync-events';
import type { Viewer } from './viewer';

const MAX_PAGE_BYTES = 256 * 1024;

export interface MessagePage {
  readonly messages: readonly RingMessage[];
  /** Every message up to this id is in this page or an earlier one. */
  readonly reachesId: number;
}

/** What attaching needs of a watched feed. */
export interface Attachable {
  readonly feed: Feed;
  /** Reads what is newer than the feed, if anything. */
  catchUp(): Promise<void>;
  /** Finds out whether messages were removed since that version. */
  learnHistory(version: number): Promise<void>;
  /** Asks the chat's owner for the parts after the feed's last one. */
  fillEpisode(): Promise<void>;
  /** A page of messages after `afterId`, in order, all older than the feed's ring. */
  readOlder(afterId: number): Promise<MessagePage>;
  /** From here on the viewer gets what the feed sends. */
  join(viewer: Viewer, options: { followsParts: boolean }): void;
}

/** A cursor of an earlier stream, or the newest message the viewer holds (0: none). */
export type Start = { readonly cursor: Cursor } | { readonly afterId: number };

/** How far a viewer has got, and how many resets of the history that has taken into account. */
interface Position {
  readonly cursor: Cursor;
  readonly resets: number;
}

/** Resolves when the viewer has joined the tail, or is closed. Rejects when Postgres does. */
export async function attach(watched: Attachable, viewer: Viewer, from: Start): Promise<void> {
  const { feed } = watched;
  let position = await ('cursor' in from
    ? resume(watched, viewer, from.cursor)
    : begin(watched, viewer, from.afterId));
  for (; !viewer.isClosed; await viewer.flushed()) {
    if (feed.resets > position.resets) position = startAgain(feed, viewer);
    const { messageId } = position.cursor;
    if (messageId < feed.messages.floorId) {
      const page = await watched.readOlder(messageId);
      if (feed.resets === position.resets) position = sendPage(viewer, position, page);
    } else {
      const { messages, isLast } = feed.messages.after(messageId, MAX_PAGE_BYTES);
      if (isLast) return cutOver(watched, viewer, position.cursor);
      position = sendPage(viewer, position, { messages, reachesId: messages.at(-1)?.id ?? messageId });
    }
  }
}

async function begin(watched: Attachable, viewer: Viewer, afterId: number): Promise<Position> {
  const { feed } = watched;
  const { resets } = feed;
  if (afterId > feed.messages.lastId) await watched.catchUp();
  return feed.resets > resets ? startAgain(feed, viewer) : freshStart(feed, afterId);
}

/** Goes on where the cursor is; this replica may be behind the one it comes from. */
async function resume(watched: Attachable, viewer: Viewer, cursor: Cursor): Promise<Position> {
  const { feed } = watched;
  // A read under way may have begun too early to bring it, the second one has not.
  for (let reads = 0; reads < 2 && isAhead(feed, cursor); reads += 1) await watched.catchUp();
  const { historyVersion, attempt, afterSeq } = feed.openEpisode;
  if (historyVersion <= cursor.version && attempt === cursor.attempt && cursor.seq > afterSeq)
    await watched.fillEpisode();
  const holdsMessagesOf = cursor.messagesAsOf ?? cursor.version;
  if (feed.isBrokenSince(holdsMessagesOf) === null) await watched.learnHistory(holdsMessagesOf);
  const canGoOn = !isAhead(feed, cursor) && feed.isBrokenSince(holdsMessagesOf) === false;
  return canGoOn ? { cursor, resets: feed.resets } : startAgain(feed, viewer);
}

function isAhead(feed: Feed, cursor: Cursor): boolean {
  const version = Math.max(cursor.version, cursor.messagesAsOf ?? 0);
  return version > feed.version || cursor.messageId > feed.messages.lastId;
}

/** Where a viewer stands that holds the messages up to `messageId` and nothing else. */
function freshStart(feed: Feed, messageId: number): Position {
  const cursor = { version: 0, attempt: 0, seq: 0, messageId, messagesAsOf: feed.version };
  return { cursor, resets: feed.resets };
}

/** Messages it holds were removed: it drops all and gets everything again. */
function startAgain(feed: Feed, viewer: Viewer): Position {
  const start = freshStart(feed, 0);
  const event = { type: 'history_reset' as const, chat_id: feed.chatId };
  send(viewer, [encodeEvent(event, formatCursor(start.cursor))]);
  return start;
}

function sendPage(viewer: Viewer, { cursor, resets }: Position, page: MessagePage): Position {
  send(viewer, messageEvents(page.messages, cursor));
  return { cursor: { ...cursor, messageId: page.reachesId }, resets };
}

/** Synchronous, and called in the turn that found the ring to reach back far enough. */
function cutOver(watched: Attachable, viewer: Viewer, from: Cursor): void {
  const { events, followsParts } = watched.feed.cutOver(from);
  send(viewer, events);
  if (!viewer.isClosed) watched.join(viewer, { followsParts });
}

function send(viewer: Viewer, events: EventBatch['events']): void {
  if (events.length > 0) viewer.send(new EventBatch(events));
}
