/** Events of `GET /chats/watch`: what changes in the list of one user's chats (`chat-api` section 2.4). */
import { z } from 'zod';
import { chat, streamToolCall } from './chat';

export const WATCH_EVENT_KINDS = [
  'created',
  'deleted',
  'status_change',
  'title_change',
  'summary_change',
  'chat_summary_change',
  'diff_status_change',
  'action_required',
  'context_dirty',
] as const;

export const watchEvent = z.object({
  kind: z.enum(WATCH_EVENT_KINDS),
  chat,
  tool_calls: z.array(streamToolCall).optional(),
});
export type WatchEvent = z.infer<typeof watchEvent>;
export type WatchEventKind = WatchEvent['kind'];
