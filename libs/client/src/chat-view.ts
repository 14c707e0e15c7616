/**
 * Folds stream events into what a viewer shows: the committed messages, the answer in the making, status, queue, error, retry.
 *
 * Applying an event twice changes nothing: messages are keyed by id, live parts by episode and `seq`.
 */
import type {
  ChatError,
  ChatMessage,
  ChatRetry,
  ChatStatus,
  QueuedMessage,
  StreamEvent,
  StreamMessagePart,
  StreamToolCall,
} from '@parley/contracts';

export interface Preview {
  historyVersion: number;
  generationAttempt: number;
  parts: StreamMessagePart[];
}

export class ChatView {
  status: ChatStatus | undefined;
  error: ChatError | undefined;
  retry: ChatRetry | undefined;
  queue: readonly QueuedMessage[] = [];
  requiredActions: readonly StreamToolCall[] = [];
  preview: Preview | undefined;
  private readonly messagesById = new Map<number, ChatMessage>();

  /** Committed messages, oldest first. */
  get messages(): ChatMessage[] {
    return [...this.messagesById.values()].sort((left, right) => left.id - right.id);
  }

  /** The text of the answer in the making; empty between turns. */
  get previewText(): string {
    return (this.preview?.parts ?? []).map(({ part }) => (part.type === 'text' ? part.text : '')).join('');
  }

  apply(event: StreamEvent): void {
    switch (event.type) {
      case 'message':
        this.messagesById.set(event.message.id, event.message);
        return;
      case 'message_part':
        this.applyPart(event.message_part);
        return;
      case 'status':
        this.status = event.status.status;
        if (this.status !== 'error') this.error = undefined;
        if (this.status !== 'requires_action') this.requiredActions = [];
        if (this.status !== 'running') this.retry = undefined;
        return;
      case 'error':
        this.error = event.error;
        return;
      case 'queue_update':
        this.queue = event.queued_messages;
        return;
      case 'retry':
        this.retry = event.retry;
        return;
      case 'action_required':
        this.requiredActions = event.action_required.tool_calls;
        return;
      case 'preview_reset':
        this.preview = undefined;
        this.retry = undefined;
        return;
      case 'history_reset':
        this.messagesById.clear();
        this.preview = undefined;
        return;
    }
  }

  private applyPart(part: StreamMessagePart): void {
    const { preview } = this;
    const isSameEpisode =
      preview?.historyVersion === part.history_version &&
      preview.generationAttempt === part.generation_attempt;
    if (!isSameEpisode) {
      this.preview = {
        historyVersion: part.history_version,
        generationAttempt: part.generation_attempt,
        parts: [part],
      };
    } else if (part.seq > (preview.parts.at(-1)?.seq ?? 0)) {
      preview.parts.push(part);
    }
  }
}
