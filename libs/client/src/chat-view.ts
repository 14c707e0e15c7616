/**
 * Folds stream events into what a viewer shows: the committed messages, the answer in the making, status, queue, error, retry.
 *
 * Applying an event twice changes nothing: messages are keyed by id, live parts by episode and `seq`. A view is complete once the state
 * that goes with its messages is there; one that is not is on its way, and nothing to show.
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
import { foldPart, type PreviewMessage } from './preview';

export interface Preview {
  historyVersion: number;
  generationAttempt: number;
  parts: StreamMessagePart[];
  /** The parts put together: what the committed messages will look like. */
  messages: PreviewMessage[];
}

export class ChatView {
  status: ChatStatus | undefined;
  error: ChatError | undefined;
  retry: ChatRetry | undefined;
  queue: readonly QueuedMessage[] = [];
  requiredActions: readonly StreamToolCall[] = [];
  preview: Preview | undefined;
  private readonly messagesById = new Map<number, ChatMessage>();
  private inOrder: readonly ChatMessage[] | undefined = [];
  private hasState = false;

  /** False until the first status, and after a reset of the history until everything has come again. */
  get isComplete(): boolean {
    return this.hasState;
  }

  /** Committed messages, oldest first. The same array until one is added. */
  get messages(): readonly ChatMessage[] {
    this.inOrder ??= [...this.messagesById.values()].sort((left, right) => left.id - right.id);
    return this.inOrder;
  }

  /** The text of the answer in the making; empty between turns. */
  get previewText(): string {
    return (this.preview?.parts ?? []).map(({ part }) => (part.type === 'text' ? part.text : '')).join('');
  }

  apply(event: StreamEvent): void {
    switch (event.type) {
      case 'message':
        this.messagesById.set(event.message.id, event.message);
        this.inOrder = undefined;
        return;
      case 'message_part':
        this.applyPart(event.message_part);
        return;
      case 'status':
        this.applyStatus(event.status.status);
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
        this.inOrder = [];
        this.preview = undefined;
        this.hasState = false;
        return;
    }
  }

  private applyStatus(status: ChatStatus): void {
    this.status = status;
    this.hasState = true;
    if (status !== 'error') this.error = undefined;
    if (status !== 'requires_action') this.requiredActions = [];
    if (status !== 'running') this.retry = undefined;
  }

  private applyPart(part: StreamMessagePart): void {
    const { history_version: historyVersion, generation_attempt: generationAttempt } = part;
    const { preview } = this;
    const isSameEpisode =
      preview?.historyVersion === historyVersion && preview.generationAttempt === generationAttempt;
    if (isSameEpisode && part.seq <= (preview.parts.at(-1)?.seq ?? 0)) return;
    const next: Preview = isSameEpisode
      ? preview
      : { historyVersion, generationAttempt, parts: [], messages: [] };
    next.parts.push(part);
    foldPart(next.messages, part);
    this.preview = next;
  }
}
