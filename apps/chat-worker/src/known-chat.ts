/**
 * What a runner knows of its chat: the row as last read, brought forward by changes as they come in, in version order.
 *
 * Changes come from the runner's own writes and from the bus, which may lose, double and reorder. One that follows on what is
 * known is applied; an older one is dropped; one that leaves a gap waits for what is missing, and until then the chat is
 * known to be behind and is read again. What a change left out (it was too large for the bus) makes it behind too.
 */
import type { ChatHead } from '@parley/chat-state';
import type { ChatChange, ChatStatus, TurnSettings } from '@parley/contracts';

/** More changes out of order than this are forgotten: a read brings them all. */
const MAX_EARLY = 32;

interface News {
  readonly change: ChatChange;
  readonly settings: TurnSettings | undefined;
}

/** Told of each change of the history that was followed step by step, before the chat shows it. */
export type HistoryListener = (previousHistoryVersion: number, change: ChatChange) => void;

export class KnownChat {
  private known: ChatHead;
  private isGone = false;
  private lacksContent = false;
  private wasRefused = false;
  private hintedVersion = 0;
  private readonly early = new Map<number, News>();

  constructor(
    head: ChatHead,
    private readonly onHistory: HistoryListener,
  ) {
    this.known = head;
  }

  get head(): ChatHead {
    return this.known;
  }

  /** False once another worker, or nobody, owns the chat, or it was deleted. */
  isOwnedBy(runnerId: string): boolean {
    return !this.isGone && this.known.runnerId === runnerId;
  }

  get isBehind(): boolean {
    return (
      !this.isGone && (this.lacksContent || this.early.size > 0 || this.hintedVersion > this.known.version)
    );
  }

  /**
   * An interrupt is obeyed as soon as it is heard of, also ahead of what it follows on: nothing but a finished
   * interruption ends that state, and only this runner can finish it, or an edit, which drops the work as well.
   */
  get status(): ChatStatus {
    const last = [...this.early.values()]
      .map((news) => news.change)
      .reduce<ChatChange | null>((a, b) => (a === null || b.version > a.version ? b : a), null);
    return last?.status === 'interrupting' && last.history_version === this.known.historyVersion
      ? 'interrupting'
      : this.known.status;
  }

  /** A write matched no row, and the row has not been read since. */
  get isStale(): boolean {
    return this.wasRefused && !this.isGone;
  }

  refused(): void {
    this.wasRefused = true;
  }

  /** Something happened up to `version`; what, is not known. */
  hint(version: number): void {
    this.hintedVersion = Math.max(this.hintedVersion, version);
  }

  /** `settings`: what turns run with since this change, when it can have altered them. */
  learn(change: ChatChange, settings?: TurnSettings): void {
    if (change.version <= this.known.version) return;
    if (this.early.size >= MAX_EARLY) this.early.clear();
    this.early.set(change.from_version, { change, settings });
    this.hint(change.version);
    this.catchUp();
  }

  /** Takes a row that was read. Null: there is no such chat any more. */
  reread(head: ChatHead | null): void {
    this.wasRefused = false;
    if (head === null) {
      this.isGone = true;
      return;
    }
    if (head.version >= this.known.version) {
      this.known = head;
      this.lacksContent = false;
    }
    this.hintedVersion = Math.min(this.hintedVersion, this.known.version);
    for (const [from, { change }] of this.early)
      if (change.version <= this.known.version) this.early.delete(from);
    this.catchUp();
  }

  private catchUp(): void {
    for (;;) {
      const news = this.early.get(this.known.version);
      if (news === undefined) return;
      const { change: next } = news;
      this.early.delete(next.from_version);
      if (next.history_version !== this.known.historyVersion) this.onHistory(this.known.historyVersion, next);
      // Versions and status always come; the content that was left out must be read before anybody relies on it.
      if (next.truncated === true) this.lacksContent = true;
      // A chat that runs without anybody having said anything is to be compacted: the marker is in the row.
      if (isToBeCompacted(this.known, next)) this.lacksContent = true;
      this.known = applyChange(this.known, news);
    }
  }
}

function isToBeCompacted(head: ChatHead, change: ChatChange): boolean {
  const leavesRest = (head.status === 'waiting' || head.status === 'error') && change.status === 'running';
  const isSameHistory = change.history_version === head.historyVersion;
  return leavesRest && (isSameHistory || change.messages?.at(-1)?.role === 'tool');
}

function applyChange(head: ChatHead, { change, settings }: News): ChatHead {
  const asked = change.messages?.findLast((message) => message.role === 'user');
  const isSameState = change.status === head.status && change.history_version === head.historyVersion;
  const isOurs = change.worker_id !== null && change.worker_id === head.workerId;
  return {
    ...head,
    version: change.version,
    historyVersion: change.history_version,
    queueVersion: change.queue_version,
    status: change.status,
    archived: change.archived,
    generationAttempt: change.generation_attempt,
    actionDeadlineAt: change.status === 'requires_action' ? head.actionDeadlineAt : null,
    workerId: change.worker_id,
    runnerId: isOurs ? head.runnerId : null,
    compactionRequestedAt: isSameState ? head.compactionRequestedAt : null,
    retry: change.retry === undefined ? head.retry : change.retry,
    lastError: change.error === undefined ? head.lastError : change.error,
    openCalls: change.open_calls ?? head.openCalls,
    lastModelConfigId: settings?.model_config_id ?? asked?.model_config_id ?? head.lastModelConfigId,
    ...(settings !== undefined && {
      lastReasoningEffort: settings.reasoning_effort,
      planMode: settings.plan_mode,
      mcpServerIds: settings.mcp_server_ids,
    }),
  };
}
