/** A chat in memory that moves as chat-state moves it, and tells of it as chat-state and the worker do: the truth that feeds are held against. */
import type {
  ChatChange,
  ChatError,
  ChatMessage,
  ChatParts,
  LivePart,
  QueuedMessage,
} from '@parley/contracts';
import type { FeedHead, FeedSnapshot } from '../feed-head';

const OWNER = '00000000-0000-4000-8000-00000000000a';
const CREATED_AT = '2026-01-01T00:00:00.000Z';
export const WORKER = '00000000-0000-4000-8000-00000000000b';

interface StoredMessage {
  revision: number;
  isDeleted: boolean;
  message: ChatMessage;
}

export type Published = { kind: 'change'; change: ChatChange } | { kind: 'parts'; parts: ChatParts };

export class ModelChat {
  head: FeedHead = {
    ownerId: OWNER,
    version: 1,
    historyVersion: 1,
    queueVersion: 0,
    generationAttempt: 0,
    status: 'waiting',
    workerId: null,
    queue: [],
    error: null,
    retry: null,
    openCalls: [],
  };
  readonly published: Published[] = [];
  /** Of the episode in flight, as its worker keeps them. */
  liveParts: LivePart[] = [];
  private readonly stored: StoredMessage[] = [];
  private nextId = 1;

  constructor(readonly chatId: string) {}

  get visible(): ChatMessage[] {
    return this.stored.filter(({ isDeleted }) => !isDeleted).map(({ message }) => message);
  }

  send(text: string): void {
    if (this.head.status === 'waiting' || this.head.status === 'error') {
      this.commit({ status: 'running', error: null }, { user: text });
      return;
    }
    if (this.head.queue.length === 20) return;
    this.commit({ queue: [...this.head.queue, this.queued(text)] });
  }

  acquire(): void {
    if (this.head.status !== 'running') return;
    const hasBegun = this.liveParts.length > 0;
    if (hasBegun) this.liveParts = [];
    this.commit({ workerId: WORKER, generationAttempt: this.head.generationAttempt + (hasBegun ? 1 : 0) });
  }

  release(): void {
    if (this.head.workerId !== null) this.commit({ workerId: null });
  }

  stream(texts: readonly string[]): void {
    if (this.head.status !== 'running' || this.head.workerId === null || texts.length === 0) return;
    const parts = texts.map((text): LivePart => ({ role: 'assistant', part: { type: 'text', text } }));
    const first = this.liveParts.length + 1;
    this.liveParts.push(...parts);
    this.published.push({ kind: 'parts', parts: this.envelope(first, parts) });
  }

  commitStep(text: string): void {
    if (this.head.status === 'running') this.commit({}, { assistant: text });
  }

  finish(text: string): void {
    if (this.head.status !== 'running') return;
    const [next, ...rest] = this.head.queue;
    if (next === undefined) this.commit({ status: 'waiting', retry: null }, { assistant: text });
    else this.commit({ queue: rest, retry: null }, { assistant: text, user: `promoted ${next.id}` });
  }

  fail(message: string): void {
    const error: ChatError = { message, retryable: false };
    if (this.head.status === 'running') this.commit({ status: 'error', error, retry: null });
  }

  retry(): void {
    if (this.head.status !== 'running') return;
    const attempt = this.head.generationAttempt + 1;
    this.liveParts = [];
    const retry = { attempt, delay_ms: 1000, error: 'overloaded', retrying_at: CREATED_AT };
    this.commit({ generationAttempt: attempt, retry });
  }

  /** Removes the newest half of the messages and runs again. */
  edit(text: string): void {
    const live = this.stored.filter(({ isDeleted }) => !isDeleted);
    for (const message of live.slice(Math.floor(live.length / 2))) {
      message.isDeleted = true;
      message.revision = this.head.version + 1;
    }
    this.commit({ status: 'running', error: null, retry: null, queue: [] }, { user: text }, true);
  }

  snapshot(afterRevision: number, limit: number): FeedSnapshot {
    const isReset = afterRevision > 0 && this.isBrokenSince(afterRevision);
    const after = isReset ? 0 : afterRevision;
    const newer = this.stored.filter(({ revision, isDeleted }) => !isDeleted && revision > after);
    const messages = newer.slice(-limit).map(({ message }) => message);
    return { head: this.head, messages, hasOlder: newer.length > limit, isReset };
  }

  isBrokenSince(version: number): boolean {
    return this.stored.some(({ isDeleted, revision }) => isDeleted && revision > version);
  }

  episode(afterSeq: number, key: { historyVersion: number; attempt: number }): ChatParts | null {
    const { historyVersion, generationAttempt } = this.head;
    if (key.historyVersion !== historyVersion || key.attempt !== generationAttempt) return null;
    return this.envelope(afterSeq + 1, this.liveParts.slice(afterSeq));
  }

  private envelope(firstSeq: number, parts: LivePart[]): ChatParts {
    return {
      chat_id: this.chatId,
      history_version: this.head.historyVersion,
      generation_attempt: this.head.generationAttempt,
      first_seq: firstSeq,
      parts,
    };
  }

  private queued(text: string): QueuedMessage {
    const id = this.head.version + 1;
    return { id, chat_id: this.chatId, content: [{ type: 'text', text }], created_at: CREATED_AT };
  }

  private commit(
    next: Partial<FeedHead>,
    texts: { assistant?: string; user?: string } = {},
    isEdit = false,
  ): void {
    const before = this.head;
    const version = before.version + 1;
    const messages = [
      ...(texts.assistant === undefined ? [] : [this.message('assistant', texts.assistant)]),
      ...(texts.user === undefined ? [] : [this.message('user', texts.user)]),
    ];
    const changesHistory = messages.length > 0;
    this.head = {
      ...before,
      ...(changesHistory && { historyVersion: version, generationAttempt: 0 }),
      ...(next.queue !== undefined && { queueVersion: version }),
      ...next,
      version,
    };
    if (changesHistory) this.liveParts = [];
    this.stored.push(...messages.map((message) => ({ revision: version, isDeleted: false, message })));
    const { queue, error, retry } = next;
    const change: ChatChange = {
      chat_id: this.chatId,
      owner_id: OWNER,
      from_version: before.version,
      version,
      history_version: this.head.historyVersion,
      queue_version: this.head.queueVersion,
      status: this.head.status,
      worker_id: this.head.workerId,
      generation_attempt: this.head.generationAttempt,
      archived: false,
      ...(changesHistory && { messages }),
      ...(queue !== undefined && { queue: [...queue] }),
      ...(error !== undefined && { error }),
      ...(retry !== undefined && { retry }),
      ...(isEdit && { history_reset: true }),
    };
    this.published.push({ kind: 'change', change });
  }

  private message(role: 'assistant' | 'user', text: string): ChatMessage {
    const id = this.nextId;
    // Ids of other chats lie between.
    this.nextId += 3;
    return { id, chat_id: this.chatId, created_at: CREATED_AT, role, content: [{ type: 'text', text }] };
  }
}
