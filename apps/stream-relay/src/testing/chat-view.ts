/** A viewer that keeps what a careful client keeps, and throws at once at anything a client must never see. */
import type { ChatMessage, StreamEvent, StreamMessagePart } from '@parley/contracts';
import { parseCursor, type Cursor } from '../cursor';
import { EventBatch, type EncodedEvent, type Outgoing } from '../encoded-event';
import type { Viewer } from '../viewer';

/** What the client holds; it outlives its streams. */
export class ChatView {
  readonly messages = new Map<number, ChatMessage>();
  status: string | null = null;
  queue: readonly { id: number }[] = [];
  error: unknown = null;
  preview: StreamMessagePart[] = [];
  cursor: Cursor | null = null;
  readonly log: string[] = [];

  take({ json, cursor }: EncodedEvent): void {
    const event = JSON.parse(json) as StreamEvent;
    this.log.push(`${cursor} ${json}`);
    this.apply(event);
    const asOf = (at: Cursor | null): number => at?.messagesAsOf ?? at?.version ?? 0;
    const before = asOf(this.cursor);
    this.cursor = parseCursor(cursor);
    if (this.cursor === null || asOf(this.cursor) < before) throw this.fault(`cursor ${cursor} goes back`);
  }

  private apply(event: StreamEvent): void {
    switch (event.type) {
      case 'message':
        if (this.messages.has(event.message.id)) throw this.fault('a message came twice');
        if (event.message.id < Math.max(0, ...this.messages.keys())) throw this.fault('a message came late');
        this.messages.set(event.message.id, event.message);
        break;
      case 'message_part':
        this.follow(event.message_part);
        break;
      case 'status':
        this.status = event.status.status;
        if (this.status !== 'error') this.error = null;
        break;
      case 'error':
        this.error = event.error;
        break;
      case 'queue_update':
        this.queue = event.queued_messages;
        break;
      case 'preview_reset':
        this.preview = [];
        break;
      case 'history_reset':
        this.messages.clear();
        this.preview = [];
        break;
      case 'retry':
      case 'action_required':
        break;
    }
  }

  private follow(part: StreamMessagePart): void {
    const last = this.preview.at(-1);
    const isNext = last === undefined ? part.seq === 1 : part.seq === last.seq + 1;
    const isSame =
      last === undefined ||
      (last.history_version === part.history_version && last.generation_attempt === part.generation_attempt);
    if (!isNext || !isSame) throw this.fault(`part ${part.seq} after ${last?.seq ?? 'none'}`);
    this.preview.push(part);
  }

  private fault(what: string): Error {
    return new Error(`${what}\n${this.log.join('\n')}`);
  }
}

/** One stream into a view. It can be made to break after a number of further events. */
export class ViewStream implements Viewer {
  isClosed = false;
  breaksAfter = Infinity;
  readonly faults: unknown[] = [];
  private readonly listeners: (() => void)[] = [];

  constructor(
    readonly view: ChatView,
    private readonly pace: () => Promise<void> = () => Promise.resolve(),
  ) {}

  send(batch: Outgoing): void {
    if (!(batch instanceof EventBatch)) throw new Error('Only events of a chat come here');
    for (const event of batch.events) {
      if (this.isClosed) return;
      if (this.breaksAfter <= 0) return this.close();
      this.breaksAfter -= 1;
      try {
        this.view.take(event);
      } catch (error) {
        this.faults.push(error);
      }
    }
  }

  flushed(): Promise<void> {
    return this.pace();
  }

  heartbeat(): void {}

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const listener of this.listeners.splice(0)) listener();
  }

  destroy(): void {
    this.close();
  }

  onClosed(listener: () => void): void {
    if (this.isClosed) listener();
    else this.listeners.push(listener);
  }
}
