/**
 * The path of a message, file 6 of 6: committed messages and live parts, to every viewer. (It began in
 * `apps/gateway/src/chats/messages.controller.ts`.)
 *
 * The feed of one watched chat, shared by all its viewers on this replica: the chat's head, its newest messages, and the
 * parts of the step in flight. A pure state machine: it takes what the bus and Postgres bring and says what to send; who
 * reads, waits and asks is `WatchedFeed`.
 *
 * A change that starts from the feed's own version is applied; one not newer is dropped; anything else waits for what is
 * missing (`lack`), until it comes or Postgres is read. Parts belong to an episode: those of an older one are dropped,
 * those of one not yet known wait for the change that announces it. So whatever the bus lost, doubled or reordered, a
 * viewer sees each message and part once, in order, without a hole.
 */
import type { ChatChange, ChatParts } from '@parley/contracts';
import { formatCursor, type Cursor } from './cursor';
import { EarlyChanges, type EarlyLimits } from './early-changes';
import { encodePartEvent, type EncodedEvent } from './encoded-event';
import { Episode, isNewerEpisode, isSameEpisode, type EpisodeKey, type NumberedPart } from './episode';
import {
  followedBy,
  NO_STEP,
  type FeedLack,
  type FeedStep,
  type FeedTail,
  type FeedUpdate,
} from './feed-update';
import { headAfter, type FeedHead, type FeedSnapshot } from './feed-head';
import { MessageRing } from './message-ring';
import { syncEvents } from './sync-events';

export interface FeedLimits extends EarlyLimits {
  readonly maxMessages: number;
  readonly maxMessageBytes: number;
  readonly maxPartBytes: number;
}

export const FEED_LIMITS: FeedLimits = {
  maxMessages: 256,
  maxMessageBytes: 2 * 1024 * 1024,
  maxPartBytes: 1024 * 1024,
  maxEarlyChanges: 16,
  maxEarlyBytes: 1024 * 1024,
};

/** Of a viewer that shows an episode too long to keep: beyond every part, so that it starts that episode anew wherever it resumes. */
const UNRESUMABLE_SEQ = 999_999_999;
const NO_EPISODE: EpisodeKey = { historyVersion: 0, attempt: 0 };

export class Feed {
  private known: FeedHead | null = null;
  private readonly ring: MessageRing;
  private episode: Episode;
  /** Parts of an episode whose change has not come yet. */
  private ahead: Episode | null = null;
  /** The last part of the episode that was sent; parts that came ahead of it are behind while its change is told. */
  private sentSeq = 0;
  private readonly early: EarlyChanges;
  private newestVersion = 0;
  /** The version that only a read brings, because its change came without content, or removed messages. */
  private mustReach = 0;
  private brokenThrough = 0;
  private unbrokenSince = 0;
  private resetCount = 0;

  constructor(
    readonly chatId: string,
    private readonly limits: FeedLimits = FEED_LIMITS,
  ) {
    this.ring = new MessageRing({ maxMessages: limits.maxMessages, maxBytes: limits.maxMessageBytes });
    this.episode = new Episode(NO_EPISODE, limits.maxPartBytes);
    this.early = new EarlyChanges(limits);
  }

  /** Null until the first `load`. */
  get head(): FeedHead | null {
    return this.known;
  }

  get version(): number {
    return this.known?.version ?? 0;
  }

  /** How often messages were removed while this feed watched. */
  get resets(): number {
    return this.resetCount;
  }

  get bytes(): number {
    return this.ring.bytes + this.episode.bytes + (this.ahead?.bytes ?? 0) + this.early.bytes;
  }

  get messages(): Pick<MessageRing, 'after' | 'floorId' | 'lastId'> {
    return this.ring;
  }

  /** Where a viewer stands that was sent all of this. */
  get cursor(): Cursor {
    return {
      version: this.version,
      attempt: this.known?.generationAttempt ?? 0,
      seq: this.resumableSeq(this.sentSeq),
      messageId: this.ring.lastId,
    };
  }

  lack(): FeedLack {
    if (this.known === null || this.mustReach > this.version) return 'read';
    return this.newestVersion > this.version || this.ahead !== null ? 'later' : 'nothing';
  }

  /** What to ask the owner of the chat for; null when no part is known to be missing. */
  get hole(): (EpisodeKey & { afterSeq: number }) | null {
    return this.episode.hasHole ? this.openEpisode : null;
  }

  /** The step in flight, as far as it is known here. */
  get openEpisode(): EpisodeKey & { afterSeq: number } {
    return { ...this.episode.key, afterSeq: this.episode.lastSeq };
  }

  /** A change that needs a read is not kept: nothing after it can be applied before that read. */
  apply(change: ChatChange): FeedUpdate {
    this.newestVersion = Math.max(this.newestVersion, change.version);
    const { known, version } = this;
    if (change.version > version) {
      if (change.history_reset === true || change.truncated === true)
        this.mustReach = Math.max(this.mustReach, change.version);
      else if (known !== null && change.from_version === version)
        return this.toTail(followedBy(this.follow(known, change), this.advance()));
      else this.early.keep(change);
    }
    return this.toTail(this.advance());
  }

  applyParts({ history_version, generation_attempt, first_seq, parts }: ChatParts): FeedUpdate {
    const key: EpisodeKey = { historyVersion: history_version, attempt: generation_attempt };
    if (this.known !== null && isSameEpisode(key, this.episode.key))
      return this.toTail({ ...NO_STEP, parts: this.episode.take(first_seq, parts) });
    if (this.known === null || isNewerEpisode(key, this.episode.key)) {
      if (this.ahead === null || isNewerEpisode(key, this.ahead.key))
        this.ahead = new Episode(key, this.limits.maxPartBytes);
      if (isSameEpisode(key, this.ahead.key)) this.ahead.take(first_seq, parts);
    }
    return this.toTail(NO_STEP);
  }

  /** Somebody knows of a newer version than the bus brought. */
  noteVersion(version: number): void {
    this.newestVersion = Math.max(this.newestVersion, version);
  }

  /** Takes a read of what was written after the version `readAfter`, which was this feed's when the read began. */
  load({ head, messages, hasOlder, isReset }: FeedSnapshot, readAfter: number): FeedUpdate {
    if (this.known !== null && head.version < this.version) return this.toTail(NO_STEP);
    // Postgres does not know of the episode either: its first parts come again, from its owner, when its change is there.
    if (head.version === this.version) this.ahead = null;
    if (this.known !== null && !isReset && !hasOlder) {
      const read = this.moveTo(head, messages);
      return this.toTail(followedBy(read, this.advance()));
    }
    if (isReset) {
      this.brokenThrough = Math.max(readAfter, this.version);
      this.resetCount += 1;
    }
    const from = this.cursor;
    this.unbrokenSince = head.version;
    this.ring.reset(messages, hasOlder ? (messages[0]?.id ?? 1) - 1 : 0);
    this.toTail(followedBy(this.moveTo(head, []), this.advance()));
    return { kind: 'replaced', from };
  }

  /** Whether a viewer that holds the messages of `version` holds some that were removed since; null when that is not known. */
  isBrokenSince(version: number): boolean | null {
    if (version <= this.brokenThrough) return true;
    return version >= this.unbrokenSince ? false : null;
  }

  /** What Postgres says about it, asked when `resets` were known. That nothing was removed may have been true only until the next one. */
  noteHistory({ version, isBroken, resets }: { version: number; isBroken: boolean; resets: number }): void {
    if (isBroken) this.brokenThrough = Math.max(this.brokenThrough, version);
    else if (resets === this.resetCount) this.unbrokenSince = Math.min(this.unbrokenSince, version);
  }

  /** The last step of attaching, for a viewer that stands at `from`: the rest of the messages, the state, the parts in flight. */
  cutOver(from: Cursor): { events: EncodedEvent[]; followsParts: boolean } {
    const head = this.known;
    if (head === null) return { events: [], followsParts: false };
    const before = from.version === head.version ? head : null;
    const seq = this.isInOpenEpisode(from) ? from.seq : 0;
    const parts = this.episode.isWhole ? this.episode.after(seq) : [];
    const events = syncEvents({
      chatId: this.chatId,
      before,
      after: head,
      messages: this.ring.after(from.messageId, Infinity).messages,
      // Whoever gets the parts from the first one must not show any yet.
      dropsPreview: seq === 0 && (before === null || parts.length > 0 || from.seq > 0),
      toolCalls: () => this.ring.dynamicCalls(head.openCalls),
      from,
      to: { ...this.cursor, seq },
    });
    return { events: [...events, ...this.partEvents(parts)], followsParts: this.episode.isWhole };
  }

  /** Whether what a viewer at `from` shows of an unfinished answer goes on here. */
  isInOpenEpisode(from: Cursor): boolean {
    const { historyVersion, attempt } = this.episode.key;
    const isSame = historyVersion <= from.version && attempt === from.attempt;
    return isSame && this.episode.isWhole && from.seq <= this.episode.lastSeq;
  }

  /** Gives back the memory that Postgres can replace. */
  shrink(): void {
    this.ring.shrink();
  }

  /** Gives back the parts in flight too: who follows them goes on, who comes later waits for the stored message. */
  forgetParts(): void {
    this.episode.forget();
    this.ahead?.forget();
  }

  /** Applies every early change that now follows, and forgets those that are behind. */
  private advance(): FeedStep {
    let step = NO_STEP;
    for (let { known } = this; known !== null; known = this.known) {
      const change = this.early.take(known.version);
      if (change === undefined) break;
      step = followedBy(step, this.follow(known, change));
    }
    this.early.dropThrough(this.version);
    return step;
  }

  private follow(head: FeedHead, change: ChatChange): FeedStep {
    return this.moveTo(headAfter(head, change), change.messages ?? []);
  }

  private moveTo(after: FeedHead, messages: FeedSnapshot['messages']): FeedStep {
    const before = this.known;
    const from = this.cursor;
    this.known = after;
    this.newestVersion = Math.max(this.newestVersion, after.version);
    const added = this.ring.append(messages);
    const key = { historyVersion: after.historyVersion, attempt: after.generationAttempt };
    const startsEpisode = !isSameEpisode(key, this.episode.key);
    const parts = startsEpisode ? this.openNext(key) : [];
    const events = syncEvents({
      chatId: this.chatId,
      before,
      after,
      messages: added,
      dropsPreview: startsEpisode,
      toolCalls: () => this.ring.dynamicCalls(after.openCalls),
      from,
      to: { ...this.cursor, seq: startsEpisode ? 0 : from.seq },
    });
    return { events, startsEpisode, parts };
  }

  /** Opens an episode, with the parts of it that came before its change. */
  private openNext(key: EpisodeKey): readonly NumberedPart[] {
    const { ahead } = this;
    const isAnnounced = ahead !== null && isSameEpisode(key, ahead.key) && ahead.isWhole;
    this.episode = isAnnounced ? ahead : new Episode(key, this.limits.maxPartBytes);
    this.sentSeq = 0;
    if (ahead !== null && !isNewerEpisode(ahead.key, key)) this.ahead = null;
    return this.episode.after(0);
  }

  private resumableSeq(seq: number): number {
    return this.episode.isWhole ? seq : UNRESUMABLE_SEQ;
  }

  /** Parts come last, and stand where the last event before them left the viewer. */
  private toTail({ events, startsEpisode, parts }: FeedStep): FeedTail {
    this.sentSeq = this.episode.lastSeq;
    return { kind: 'tail', events, startsEpisode, parts: this.partEvents(parts) };
  }

  private partEvents(parts: readonly NumberedPart[]): EncodedEvent[] {
    const { historyVersion, attempt } = this.episode.key;
    const { chatId, cursor } = this;
    return parts.map((part) => ({
      type: 'message_part',
      json: encodePartEvent(part, { chatId, historyVersion, attempt, seq: part.seq }),
      cursor: formatCursor({ ...cursor, seq: this.resumableSeq(part.seq) }),
    }));
  }
}
