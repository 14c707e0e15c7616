/** The objects of the chat API as clients see them (`chat-api` section 3): chats, messages, queued messages, errors. */
import { z } from 'zod';
import { chatDiffStatus } from './diff-status';
import { messagePart } from './message-part';
import { timestamp, uuid } from './strings';

export const CHAT_STATUSES = ['waiting', 'running', 'interrupting', 'requires_action', 'error'] as const;
export const chatStatus = z.enum(CHAT_STATUSES);
export type ChatStatus = z.infer<typeof chatStatus>;

export const MESSAGE_ROLES = ['system', 'user', 'assistant', 'tool'] as const;
export const messageRole = z.enum(MESSAGE_ROLES);
export type MessageRole = z.infer<typeof messageRole>;

export const REASONING_EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'] as const;
export const reasoningEffort = z.enum(REASONING_EFFORTS);
export type ReasoningEffort = z.infer<typeof reasoningEffort>;

export const CHAT_ERROR_KINDS = [
  'generic',
  'overloaded',
  'rate_limit',
  'timeout',
  'stream_silence_timeout',
  'auth',
  'config',
  'usage_limit',
  'missing_key',
  'provider_disabled',
  'content_filter',
  'hook_denied',
  'hook_dispatch_failed',
] as const;
export const chatErrorKind = z.enum(CHAT_ERROR_KINDS);
export type ChatErrorKind = z.infer<typeof chatErrorKind>;

/** Why a chat is in `error`, as stored in `chats.last_error` and sent to clients. */
export const chatError = z.object({
  message: z.string(),
  detail: z.string().optional(),
  kind: chatErrorKind.optional(),
  provider: z.string().optional(),
  retryable: z.boolean(),
  status_code: z.number().int().optional(),
});
export type ChatError = z.infer<typeof chatError>;

/** What clients show while a worker waits before the next attempt, as stored in `chats.retry`. */
export const chatRetry = z.object({
  attempt: z.number().int(),
  delay_ms: z.number().int(),
  error: z.string(),
  kind: chatErrorKind.optional(),
  provider: z.string().optional(),
  status_code: z.number().int().optional(),
  retrying_at: timestamp(),
});
export type ChatRetry = z.infer<typeof chatRetry>;

/** A tool call of the last committed assistant message that has no result yet. `dynamic`: the client runs it. */
export const openCall = z.object({
  tool_call_id: z.string(),
  tool_name: z.string(),
  dynamic: z.boolean(),
});
export type OpenCall = z.infer<typeof openCall>;

export const messageUsage = z.object({
  input_tokens: z.number().int().optional(),
  output_tokens: z.number().int().optional(),
  total_tokens: z.number().int().optional(),
  reasoning_tokens: z.number().int().optional(),
  cache_creation_tokens: z.number().int().optional(),
  cache_read_tokens: z.number().int().optional(),
  context_limit: z.number().int().optional(),
});
export type MessageUsage = z.infer<typeof messageUsage>;

export const chatMessage = z.object({
  id: z.number().int(),
  chat_id: uuid(),
  created_by: uuid().optional(),
  model_config_id: uuid().optional(),
  created_at: timestamp(),
  role: messageRole,
  content: z.array(messagePart),
  usage: messageUsage.optional(),
});
export type ChatMessage = z.infer<typeof chatMessage>;

export const queuedMessage = z.object({
  id: z.number().int(),
  chat_id: uuid(),
  model_config_id: uuid().optional(),
  content: z.array(messagePart),
  created_at: timestamp(),
});
export type QueuedMessage = z.infer<typeof queuedMessage>;

/** A dynamic tool call that waits for the client. `args` is JSON text, as clients of this API expect it. */
export const streamToolCall = z.object({ tool_call_id: z.string(), tool_name: z.string(), args: z.string() });
export type StreamToolCall = z.infer<typeof streamToolCall>;

const chatFields = z.object({
  id: uuid(),
  organization_id: uuid(),
  owner_id: uuid(),
  owner_username: z.string().optional(),
  owner_name: z.string().optional(),
  workspace_id: uuid().optional(),
  parent_chat_id: uuid().optional(),
  root_chat_id: uuid().optional(),
  last_model_config_id: uuid(),
  last_reasoning_effort: reasoningEffort.optional(),
  title: z.string(),
  status: chatStatus,
  mode: z.string().optional(),
  plan_mode: z.enum(['plan']).optional(),
  last_error: chatError.optional(),
  last_turn_summary: z.string().nullable(),
  summary: z.string().nullable(),
  diff_status: chatDiffStatus.optional(),
  created_at: timestamp(),
  updated_at: timestamp(),
  archived: z.boolean(),
  shared: z.boolean(),
  pin_order: z.number().int(),
  mcp_server_ids: z.array(uuid()),
  labels: z.record(z.string(), z.string()),
  has_unread: z.boolean(),
  queued_for_capacity: z.boolean().optional(),
  warnings: z.array(z.string()).optional(),
  client_type: z.enum(['ui', 'api']),
});

/** A chat as clients see it. `children` holds the subagent chats of a root; it is empty in a child (depth is one). */
export const chat = chatFields.extend({
  children: z.array(chatFields.extend({ children: z.array(z.never()) })),
});
export type Chat = z.infer<typeof chat>;
