/** Events of `GET /chats/{chat}/stream` (`chat-api` section 2.2). A WebSocket frame holds a JSON array of them. */
import { z } from 'zod';
import {
  chatError,
  chatMessage,
  chatRetry,
  chatStatus,
  messageRole,
  queuedMessage,
  streamToolCall,
} from './chat';
import { messagePart } from './message-part';
import { uuid } from './strings';

export const MAX_EVENTS_PER_FRAME = 256;

/** A live part: never stored, numbered without holes from 1 in its episode (`history_version`, `generation_attempt`). */
export const streamMessagePart = z.object({
  role: messageRole,
  part: messagePart,
  history_version: z.number().int(),
  generation_attempt: z.number().int(),
  seq: z.number().int(),
});
export type StreamMessagePart = z.infer<typeof streamMessagePart>;

const event = <Type extends string>(type: Type) => z.object({ type: z.literal(type), chat_id: uuid() });

export const streamEvent = z.discriminatedUnion('type', [
  event('message').extend({ message: chatMessage }),
  event('message_part').extend({ message_part: streamMessagePart }),
  event('status').extend({ status: z.object({ status: chatStatus }) }),
  event('error').extend({ error: chatError }),
  event('queue_update').extend({ queued_messages: z.array(queuedMessage) }),
  event('retry').extend({ retry: chatRetry }),
  event('action_required').extend({ action_required: z.object({ tool_calls: z.array(streamToolCall) }) }),
  /** The client drops the partial answer it shows: the stored message replaces it, or a new attempt starts. */
  event('preview_reset'),
  /** The client drops every message: a full resend follows (an edit removed some). */
  event('history_reset'),
]);
export type StreamEvent = z.infer<typeof streamEvent>;
export type StreamEventType = StreamEvent['type'];
