/**
 * A user message is replaced: it and all after it are marked as deleted (never removed: their usage and cost stay), the queue is
 * emptied, and the chat runs on the new text. What a worker was doing answers a text that no longer exists: the new history
 * makes its commit stale, and its partial answer is dropped.
 */
import type { ChatMessage, MessagePart, ReasoningEffort } from '@parley/contracts';
import { isDone, queryUnderLock, refusal, toDone, type Answer } from '../apply-transition';
import { publishChange } from '../publish-change';
import { toChatMessages } from '../rows/message-row';
import { FORGET_CALLS } from '../tool-calls';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, RefusalReason, Refused } from '../types';
import { encodeUserMessage } from './send';

export interface EditInput {
  chatId: string;
  ownerId: string;
  messageId: number;
  content: readonly MessagePart[];
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  mcpServerIds?: readonly string[];
}

const TARGET_ROLE = `(select t.role from chat_messages t
    where t.chat_id = l.id and t.id = $3 and not t.deleted and t.visibility <> 'model')`;

const EDIT = transitionStatement('edit', {
  when: `l.owner_id = $2 and not l.archived and ${TARGET_ROLE} = 'user'`,
  status: "'running'",
  queue: "'[]'::jsonb",
  calls: "'[]'::jsonb",
  userMessage: '$4::jsonb',
  turn: 'true',
  set: 'mcp_server_ids = coalesce($5::uuid[], l.mcp_server_ids)',
  also: {
    ctes: `gone as (
  update chat_messages d set deleted = true, revision = u.version from u
  where d.chat_id = u.id and d.id >= $3 and not d.deleted
  returning d.id, d.visibility
),
${FORGET_CALLS}`,
    columns: `${TARGET_ROLE} as target_role,
  (select jsonb_agg(gone.id order by gone.id) from gone where gone.visibility <> 'model') as deleted_ids`,
  },
});

type EditRow = Answer & { target_role: ChatMessage['role'] | null; deleted_ids: number[] | null };

/** Replaces a user message. `deletedMessageIds`: what clients saw and must drop, the replaced one included. */
export async function edit(
  store: ChatStore,
  input: EditInput,
): Promise<Done<{ message: ChatMessage; messages: ChatMessage[]; deletedMessageIds: number[] }> | Refused> {
  const { chatId, ownerId, messageId, mcpServerIds } = input;
  const message = encodeUserMessage({ ...input, createdBy: ownerId });
  const application = {
    transition: 'edit',
    statement: EDIT,
    values: [chatId, ownerId, messageId, message, mcpServerIds ?? null],
    ownerId,
  } as const;
  const [row] = await queryUnderLock<EditRow>(store, application);
  if (row === undefined || !isDone(row))
    return refusal(row, { ...application, otherwise: whyNot(row?.target_role ?? null) });
  const done = toDone(row);
  const change = { ...done.change, history_reset: true };
  publishChange(store, { ...done, change, from: row, wakesOwner: true });
  const messages = toChatMessages(done.rows);
  const [replacement] = messages;
  if (replacement === undefined) throw new Error('An edit returned no message');
  return { ...done, change, message: replacement, messages, deletedMessageIds: row.deleted_ids ?? [] };
}

function whyNot(role: ChatMessage['role'] | null): RefusalReason {
  return role === null ? 'message_not_found' : 'not_a_user_message';
}
