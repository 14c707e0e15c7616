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

/** Resolves when the viewer has joined the tail, or is closed. Rejects when Postgres does. */
export async function attach(watched: Attachable, viewer: Viewer, from: Start): Promise<void> {
  const { feed } = watched;
  let position =
    'cursor' in from
      ? await resume(watched, viewer, from.cursor)
      : await begin(watched, viewer, from.afterId);
  for (let { resets } = feed; !viewer.isClosed; await viewer.flushed()) {
    if (feed.resets > resets) position = startAgain(feed, viewer);
    resets = feed.resets;
    if (position.messageId < feed.messages.floorId) {
      const page = await watched.readOlder(position.messageId);
      if (feed.resets === resets) position = sendPage(viewer, position, page);
    } else {
      const { messages, isLast } = feed.messages.after(position.messageId, MAX_PAGE_BYTES);
      if (isLast) return cutOver(watched, viewer, position);
      position = sendPage(viewer, position, {
        messages,
        reachesId: messages.at(-1)?.id ?? position.messageId,
      });
    }
  }
}

/** Where a viewer stands that holds the messages up to `messageId` and nothing else. */
function freshStart(feed: Feed, messageId: number): Cursor {
  // One version back: it knows no state, and would notice an edit that comes while it replays.
  return { version: Math.max(feed.version - 1, 0), attempt: 0, seq: 0, messageId };
}

async function begin(watched: Attachable, viewer: Viewer, afterId: number): Promise<Cursor> {
  const { feed } = watched;
  const { resets } = feed;
  if (afterId > feed.messages.lastId) await watched.catchUp();
  return feed.resets > resets ? startAgain(feed, viewer) : freshStart(feed, afterId);
}

/** Goes on where the cursor is; this replica may be behind the one it comes from. */
async function resume(watched: Attachable, viewer: Viewer, cursor: Cursor): Promise<Cursor> {
  const { feed } = watched;
  // A read under way may have begun too early to bring it, the second one has not.
  for (let reads = 0; reads < 2 && isAhead(feed, cursor); reads += 1) await watched.catchUp();
  if (feed.isBrokenSince(cursor.version) === null) await watched.learnHistory(cursor.version);
  if (isAhead(feed, cursor) || feed.isBrokenSince(cursor.version) !== false) return startAgain(feed, viewer);
  const { historyVersion, attempt, afterSeq } = feed.openEpisode;
  if (historyVersion <= cursor.version && attempt === cursor.attempt && cursor.seq > afterSeq)
    await watched.fillEpisode();
  return cursor;
}

function isAhead(feed: Feed, cursor: Cursor): boolean {
  return cursor.version > feed.version || cursor.messageId > feed.messages.lastId;
}

/** Messages it holds were removed: it drops all and gets everything again. */
function startAgain(feed: Feed, viewer: Viewer): Cursor {
  const start = freshStart(feed, 0);
  send(viewer, [encodeEvent({ type: 'history_reset', chat_id: feed.chatId }, formatCursor(start))]);
  return start;
}

function sendPage(viewer: Viewer, position: Cursor, page: MessagePage): Cursor {
  send(viewer, messageEvents(page.messages, position));
  return { ...position, messageId: page.reachesId };
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
