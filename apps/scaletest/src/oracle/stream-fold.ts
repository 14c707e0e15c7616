/**
 * Follows one viewer's stream as a strict client would, and notes at once what no client should see: a hole or a repetition among
 * live parts, parts of an attempt that is over, a committed text other than the streamed one, a committed message twice.
 *
 * A commit may overtake the last parts of its own step: viewers drop what they hold for the stored message. So the streamed text has
 * to be a beginning of the committed one, and how often it was not the whole is counted.
 */
import type {
  ChatMessage,
  ChatStatus,
  StreamEvent,
  StreamMessagePart,
  StreamToolCall,
} from '@parley/contracts';
import type { Finding } from './finding';
import { LiveTools } from './live-tools';
import { isSameMessage, textOf, toSeenMessage, type SeenMessage, type StreamGap } from './observation';

interface LiveEpisode {
  readonly historyVersion: number;
  readonly attempt: number;
  lastSeq: number;
  text: string;
  /** None while there is nothing but text. */
  tools: LiveTools | undefined;
  isOver: boolean;
}

const MAX_FINDINGS = 20;
const MAX_QUOTED = 100;
const MAX_GAPS = 1_000;

export class StreamFold {
  readonly messages = new Map<number, SeenMessage>();
  /** Ids of our messages, by key. */
  readonly userIds = new Map<string, number>();
  readonly findings: Omit<Finding, 'chatId'>[] = [];
  /** Answers that were committed before all of them was streamed here. */
  readonly gaps: StreamGap[] = [];
  /** Answers that were streamed here to their end. */
  readonly wholeIds: number[] = [];
  /** When the connection began that nobody but the platform has ended since. */
  attachedAtMs = 0;
  status: ChatStatus | undefined;
  /** When the status last became what it is. */
  statusAtMs = 0;
  error: string | undefined;
  toolCalls: readonly StreamToolCall[] = [];
  queuedCount = 0;
  lastUserId = 0;
  lastAnswerId = 0;
  lastSummaryId = 0;
  /** When the newest answer came, and whether it asks for no tools: what ends a turn. */
  lastAnswerAtMs = 0;
  isLastAnswerFinal = false;
  lastEvent = 'none';
  /** Of the first part of the newest episode. */
  firstPartAtMs = 0;
  lastPartAtMs = 0;
  /** The longest wait between two parts of one episode since it was last set to zero. */
  worstGapMs = 0;
  retries = 0;
  cutByCommit = 0;
  episodes = 0;
  private episode: LiveEpisode | undefined;
  private newestId = 0;
  /** Of all messages ever seen: after an edit the older ones come again, and nobody streams those. */
  private highestId = 0;

  apply(event: StreamEvent, atMs: number): void {
    this.lastEvent = event.type;
    switch (event.type) {
      case 'message_part':
        this.applyPart(event.message_part, atMs);
        return;
      case 'message':
        this.applyMessage(event.message, atMs);
        return;
      case 'status':
        this.status = event.status.status;
        this.statusAtMs = atMs;
        this.lastEvent = `status ${this.status}`;
        if (this.status !== 'requires_action') this.toolCalls = [];
        if (this.status !== 'error') this.error = undefined;
        return;
      case 'error':
        this.error = event.error.message;
        return;
      case 'queue_update':
        this.queuedCount = event.queued_messages.length;
        return;
      case 'retry':
        this.retries += 1;
        return;
      case 'action_required':
        this.toolCalls = event.action_required.tool_calls;
        return;
      case 'preview_reset':
        if (this.episode !== undefined) this.episode.isOver = true;
        return;
      case 'history_reset':
        this.reset();
        return;
    }
  }

  /** What came is no event, or not one that a client could take. */
  refuse(data: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.note('stream_malformed', `${JSON.stringify(data.slice(0, MAX_QUOTED))}: ${why}`);
  }

  private reset(): void {
    this.messages.clear();
    this.userIds.clear();
    this.newestId = 0;
    this.lastUserId = 0;
    this.lastAnswerId = 0;
    this.lastSummaryId = 0;
    if (this.episode !== undefined) this.episode.isOver = true;
  }

  private applyPart(part: StreamMessagePart, atMs: number): void {
    const { history_version: historyVersion, generation_attempt: attempt, seq } = part;
    const name = `${historyVersion}.${attempt}.${seq}`;
    const { episode } = this;
    if (episode?.historyVersion === historyVersion && episode.attempt === attempt) {
      if (seq <= episode.lastSeq) return this.note('part_repeated', `part ${name} after ${episode.lastSeq}`);
      if (episode.isOver) return this.note('part_stale', `part ${name} after the end of its episode`);
      if (seq > episode.lastSeq + 1) this.note('part_hole', `part ${name} after ${episode.lastSeq}`);
      this.worstGapMs = Math.max(this.worstGapMs, atMs - this.lastPartAtMs);
    } else {
      const isOlder =
        episode !== undefined &&
        (historyVersion < episode.historyVersion ||
          (historyVersion === episode.historyVersion && attempt < episode.attempt));
      if (isOlder) return this.note('part_stale', `part ${name} of an older episode`);
      if (seq !== 1) this.note('part_hole', `part ${name} is the first of its episode`);
      this.episode = { historyVersion, attempt, lastSeq: 0, text: '', tools: undefined, isOver: false };
      this.episodes += 1;
      this.firstPartAtMs = atMs;
    }
    this.lastPartAtMs = atMs;
    const live = this.episode;
    if (live === undefined) return;
    live.lastSeq = seq;
    if (part.part.type === 'text') live.text += part.part.text;
    else (live.tools ??= new LiveTools()).add(part.part);
  }

  private applyMessage(message: ChatMessage, atMs: number): void {
    const text = textOf(message);
    const seen = toSeenMessage(message, text);
    const known = this.messages.get(seen.id);
    this.lastEvent = `message ${seen.role} ${seen.id}`;
    if (known !== undefined) {
      const isSame = isSameMessage(known, seen);
      this.note(isSame ? 'message_repeated' : 'message_changed', `${seen.role} message ${seen.id}`);
    } else if (seen.id < this.newestId) {
      this.note('message_out_of_order', `${seen.role} message ${seen.id} after ${this.newestId}`);
    }
    this.newestId = Math.max(this.newestId, seen.id);
    this.messages.set(seen.id, seen);
    if (seen.role === 'user') {
      this.lastUserId = Math.max(this.lastUserId, seen.id);
      if (seen.key !== undefined) this.userIds.set(seen.key, seen.id);
    }
    if (seen.summaryDigests.length > 0) this.lastSummaryId = Math.max(this.lastSummaryId, seen.id);
    if (seen.role === 'assistant') {
      this.lastAnswerId = Math.max(this.lastAnswerId, seen.id);
      this.lastAnswerAtMs = atMs;
      this.isLastAnswerFinal = seen.callIds.length === 0;
      if (seen.id > this.highestId) this.compareWithStreamed(seen, text);
    }
    if (seen.role === 'tool' && seen.id > this.highestId) this.compareTools(seen);
    this.highestId = Math.max(this.highestId, seen.id);
  }

  private compareTools(seen: SeenMessage): void {
    const { episode } = this;
    if (episode === undefined || episode.isOver) return;
    for (const difference of episode.tools?.differencesFrom(seen) ?? []) this.note(...difference);
    episode.tools = undefined;
  }

  private compareWithStreamed(seen: SeenMessage, committed: string): void {
    const { episode } = this;
    const isLive = episode !== undefined && !episode.isOver;
    const streamed = isLive ? episode.text : '';
    this.compareTools(seen);
    if (isLive) episode.isOver = true;
    if (streamed === committed) {
      if (streamed !== '') this.wholeIds.push(seen.id);
      return;
    }
    if (committed.startsWith(streamed)) {
      if (isLive) this.cutByCommit += 1;
      if (this.gaps.length < MAX_GAPS)
        this.gaps.push({
          messageId: seen.id,
          attachedAtMs: this.attachedAtMs,
          streamedLength: streamed.length,
          committedLength: committed.length,
        });
    } else this.note(...differenceOf(streamed, committed, seen.id));
  }

  private note(kind: Finding['kind'], detail: string): void {
    if (this.findings.length < MAX_FINDINGS) this.findings.push({ kind, detail });
  }
}

function differenceOf(streamed: string, committed: string, id: number): [Finding['kind'], string] {
  let at = 0;
  while (at < streamed.length && streamed[at] === committed[at]) at += 1;
  const lacking = committed.length - streamed.length;
  if (lacking > 0 && committed.endsWith(streamed.slice(at)))
    return ['part_lost', `message ${id} was streamed without the ${lacking} characters from ${at} on`];
  const around = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 10), at + 20));
  const detail = `message ${id} from character ${at} on: streamed ${around(streamed)}, committed ${around(committed)}`;
  return ['text_differs', detail];
}
