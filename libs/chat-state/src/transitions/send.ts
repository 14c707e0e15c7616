/**
 * A message from a person (file 2 of the six that a message passes; the next is the worker that wakes up).
 *
 * One statement decides from the locked row. A chat at rest takes the message into its history and runs; one in error first
 * answers its open calls, and where a queue was kept the message goes to its end and the head runs. A busy chat queues it,
 * at most 20 long, or with `interrupt` also stops what runs. One that waits for results lets an interrupting message pass
 * its queue and goes on with cancelled results.
 */
import type { MessagePart, ReasoningEffort } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyTransition } from '../apply-transition';
import { toQueuedMessage } from '../rows/chat-row';
import { toChatMessages } from '../rows/message-row';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Refused, SendResult } from '../types';

export interface SendInput {
  chatId: string;
  ownerId: string;
  content: readonly MessagePart[];
  busyBehavior: 'queue' | 'interrupt';
  /** Absent: the chat's last ones. */
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  /** Empty leaves plan mode, absent keeps it. */
  planMode?: '' | 'plan';
  mcpServerIds?: readonly string[];
}

export const MAX_QUEUED_MESSAGES = 20;

const RESTS = "l.status in ('waiting', 'error')";
const PASSES_QUEUE = "($4 and l.status = 'requires_action')";
const MESSAGE = "($3::jsonb || jsonb_build_object('id', l.version + 1, 'created_at', now()))";

const SEND = transitionStatement('send', {
  when: `l.owner_id = $2 and not l.archived
    and (${RESTS} or ${PASSES_QUEUE} or jsonb_array_length(l.queue) < ${MAX_QUEUED_MESSAGES})`,
  status: `case when ${RESTS} or ${PASSES_QUEUE} then 'running' when $4 then 'interrupting' else l.status end`,
  queue: `case when ${RESTS} then (l.queue || ${MESSAGE}) - 0
    when ${PASSES_QUEUE} then l.queue else l.queue || ${MESSAGE} end`,
  userMessage: `case when ${RESTS} then (l.queue || ${MESSAGE}) -> 0 when ${PASSES_QUEUE} then ${MESSAGE} end`,
  set: `plan_mode = case when $5::text is null then l.plan_mode else nullif($5, '') end,
    mcp_server_ids = coalesce($6::uuid[], l.mcp_server_ids)`,
});

/** Sends a user message: into the history of a chat at rest, into the queue of a busy one. */
export async function send(store: ChatStore, input: SendInput): Promise<Done<SendResult> | Refused> {
  const result = await applyTransition(store, {
    transition: input.busyBehavior === 'queue' ? 'send_queue' : 'send_interrupt',
    statement: SEND,
    values: [
      input.chatId,
      input.ownerId,
      encodeUserMessage({ ...input, createdBy: input.ownerId }),
      input.busyBehavior === 'interrupt',
      input.planMode ?? null,
      input.mcpServerIds ?? null,
    ],
    ownerId: input.ownerId,
    otherwise: 'queue_full',
  });
  return result.ok ? { ...result, ...toSendResult(result) } : result;
}

/** A user message as the queue stores it; its id and time are set by the statement. */
export function encodeUserMessage(message: {
  content: readonly MessagePart[];
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  createdBy: string | null;
}): string {
  return encodeJsonb({
    content: message.content,
    model_config_id: message.modelConfigId ?? null,
    reasoning_effort: message.reasoningEffort ?? null,
    created_by: message.createdBy,
  });
}

/** The new message is the last one of the queue, unless it entered the history. */
function toSendResult({ chat, rows }: Done): SendResult {
  const messages = toChatMessages(rows);
  const last = chat.queue.at(-1);
  const queuedMessage = last?.id === chat.version ? toQueuedMessage(chat.id, last) : undefined;
  if (queuedMessage !== undefined) return { messages, queuedMessage, queued: true };
  const message = messages.at(-1);
  return { ...(message && { message }), messages, queued: false };
}
