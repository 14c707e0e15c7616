/**
 * The path of a message, 2 of 6: the message is a row, the chat is running. Next: apps/chat-worker/src/worker.ts
 *
 * One statement decides from the locked row. A chat at rest takes the message into its history and runs; one in error first
 * answers its open calls, and where a queue was kept the message goes to its end and the head runs. A busy chat queues it,
 * at most 20 long, or with `interrupt` also stops what runs. One that waits for results lets an interrupting message pass
 * its queue and goes on with cancelled results.
 */
import type { MessagePart, ReasoningEffort } from '@parley/contracts';
import { encodeJsonb, sql, type Queryable } from '@parley/database';
import { applyTransition } from '../apply-transition';
import { KEY_COUNTS, keyCtes, readRepeat, type OnceKey, type Repeat } from '../once';
import { toQueuedMessage } from '../rows/chat-row';
import { toChatMessages, toStoredMessage, type MessageRow } from '../rows/message-row';
import { batchedTransition, transitionStatement, type TransitionParts } from '../transition-statement';
import type { ChatStore, Done, Refused, SendResult, StoredMessage, StoredQueuedMessage } from '../types';

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
  /** Under this key the owner's message is sent at most once. */
  once?: OnceKey;
}

export const MAX_QUEUED_MESSAGES = 20;

const RESTS = "l.status in ('waiting', 'error')";
const PASSES_QUEUE = "($4 and l.status = 'requires_action')";
const MESSAGE = "($3::jsonb || jsonb_build_object('id', l.version + 1, 'created_at', now()))";

const PARTS: TransitionParts = {
  when: `l.owner_id = $2 and not l.archived
    and (${RESTS} or ${PASSES_QUEUE} or jsonb_array_length(l.queue) < ${MAX_QUEUED_MESSAGES})`,
  status: `case when ${RESTS} or ${PASSES_QUEUE} then 'running' when $4 then 'interrupting' else l.status end`,
  queue: `case when ${RESTS} then (l.queue || ${MESSAGE}) - 0
    when ${PASSES_QUEUE} then l.queue else l.queue || ${MESSAGE} end`,
  userMessage: `case when ${RESTS} then (l.queue || ${MESSAGE}) -> 0 when ${PASSES_QUEUE} then ${MESSAGE} end`,
  set: `plan_mode = case when $5::text is null then l.plan_mode else nullif($5, '') end,
    mcp_server_ids = coalesce($6::uuid[], l.mcp_server_ids)`,
};
const SEND = batchedTransition('send', ['uuid', 'uuid', 'jsonb', 'boolean', 'text', 'uuid[]'], PARTS);
const SEND_ONCE = transitionStatement('send_once', {
  ...PARTS,
  also: {
    ctes: keyCtes({
      user: '$2',
      key: '$7',
      hash: '$8',
      result: `jsonb_build_object('chat_id', u.id, 'version', u.version,
      'last_queued', case when u.queue_version = u.version then u.queue -> -1 end,
      'messages', (select jsonb_agg(to_jsonb(m) order by m.id) from m))`,
    }),
  },
});

/**
 * Sends a user message: into the history of a chat at rest, into the queue of a busy one. With `once`, a repeat either is refused
 * or violates the key's uniqueness, and changes nothing; `readRepeatedSend` then says what the first one did.
 * @throws the driver's error with SQLSTATE 23505 when the key was used in the last 24 hours
 */
export async function send(store: ChatStore, input: SendInput): Promise<Done<SendResult> | Refused> {
  const result = await applyTransition(store, {
    transition: input.busyBehavior === 'queue' ? 'send_queue' : 'send_interrupt',
    statement: input.once === undefined ? SEND : SEND_ONCE,
    values: [
      input.chatId,
      input.ownerId,
      encodeUserMessage({ ...input, createdBy: input.ownerId }),
      input.busyBehavior === 'interrupt',
      input.planMode ?? null,
      input.mcpServerIds ?? null,
      ...(input.once === undefined ? [] : [input.once.key, input.once.requestHash]),
    ],
    ownerId: input.ownerId,
    otherwise: 'queue_full',
  });
  if (!result.ok) return result;
  const { chat, rows } = result;
  const sent = { chatId: chat.id, version: chat.version, lastQueued: chat.queue.at(-1), rows };
  return { ...result, ...toSendResult(sent) };
}

const READ_REPEATED = sql(
  'read_repeated_send',
  `select k.request_hash = $3 as is_same, case when k.request_hash = $3 then k.result end as result
from idempotency_keys k where ${KEY_COUNTS}`,
);

/** What the first send of the user under this key did, if there was one in the last 24 hours. */
export async function readRepeatedSend(
  database: Queryable,
  { userId, once }: { userId: string; once: OnceKey },
): Promise<Repeat<SendResult> | null> {
  return readRepeat<{ result: StoredSend }, SendResult>(database, {
    statement: READ_REPEATED,
    userId,
    once,
    toResult: ({ result }) =>
      toSendResult({
        chatId: result.chat_id,
        version: result.version,
        lastQueued: result.last_queued ?? undefined,
        rows: (result.messages ?? []).map(toStoredMessage),
      }),
  });
}

/** `result` of a key that was sent with. */
interface StoredSend {
  chat_id: string;
  version: number;
  last_queued: StoredQueuedMessage | null;
  messages: MessageRow[] | null;
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
function toSendResult(sent: {
  chatId: string;
  version: number;
  lastQueued: StoredQueuedMessage | undefined;
  rows: readonly StoredMessage[];
}): SendResult {
  const { chatId, version, lastQueued, rows } = sent;
  const messages = toChatMessages(rows);
  const queuedMessage = lastQueued?.id === version ? toQueuedMessage(chatId, lastQueued) : undefined;
  if (queuedMessage !== undefined) return { messages, queuedMessage, queued: true };
  const message = messages.at(-1);
  return { ...(message && { message }), messages, queued: false };
}
