/**
 * The events that take a viewer from one state of a chat to a later one, in the order clients rely on: messages, queue_update,
 * status, error, action_required, retry, preview_reset. Messages precede the status, so that nobody sees "waiting" before
 * the answer, and precede preview_reset, so that the stored message replaces the partial one without a gap.
 */
import { isDeepStrictEqual } from 'node:util';
import type { StreamEvent, StreamToolCall } from '@parley/contracts';
import { formatCursor, type Cursor } from './cursor';
import { encodeEvent, type EncodedEvent } from './encoded-event';
import type { FeedHead } from './feed-head';
import type { RingMessage } from './message-ring';

export interface SyncStep {
  readonly chatId: string;
  /** Null for a viewer that knows no state yet. */
  readonly before: FeedHead | null;
  readonly after: FeedHead;
  readonly messages: readonly RingMessage[];
  /** The client's partial answer is not the one that goes on from here. */
  readonly dropsPreview: boolean;
  readonly toolCalls: () => StreamToolCall[];
  /** Where the viewer stood, and where it stands when it has all of this. */
  readonly from: Cursor;
  readonly to: Cursor;
}

export function syncEvents(step: SyncStep): EncodedEvent[] {
  const messages = messageEvents(step.messages, step.from);
  const states = stateEvents(step);
  const arriving = formatCursor({ ...step.from, messageId: step.to.messageId });
  const events: EncodedEvent[] = [...messages, ...states.map((event) => encodeEvent(event, arriving))];
  const last = events.pop();
  // Only with its last event is the later state complete.
  if (last !== undefined) events.push({ ...last, cursor: formatCursor(step.to) });
  return events;
}

/** Message events for a viewer that stands at `from` and does not know the state that goes with them yet. */
export function messageEvents(messages: readonly RingMessage[], from: Cursor): EncodedEvent[] {
  return messages.map(({ id, json }) => ({
    type: 'message',
    json,
    cursor: formatCursor({ ...from, messageId: id }),
  }));
}

function stateEvents({ chatId, before, after, dropsPreview, toolCalls }: SyncStep): StreamEvent[] {
  const events: StreamEvent[] = [];
  const chat = { chat_id: chatId };
  if (before?.queueVersion !== after.queueVersion)
    events.push({ type: 'queue_update', ...chat, queued_messages: [...after.queue] });
  if (before?.status !== after.status)
    events.push({ type: 'status', ...chat, status: { status: after.status } });
  if (after.error !== null && !isDeepStrictEqual(before?.error, after.error))
    events.push({ type: 'error', ...chat, error: after.error });
  if (after.status === 'requires_action' && needsAction(before, after))
    events.push({ type: 'action_required', ...chat, action_required: { tool_calls: toolCalls() } });
  if (after.retry !== null && !isDeepStrictEqual(before?.retry, after.retry))
    events.push({ type: 'retry', ...chat, retry: after.retry });
  if (dropsPreview) events.push({ type: 'preview_reset', ...chat });
  return events;
}

function needsAction(before: FeedHead | null, after: FeedHead): boolean {
  return before?.status !== 'requires_action' || !isDeepStrictEqual(before.openCalls, after.openCalls);
}
