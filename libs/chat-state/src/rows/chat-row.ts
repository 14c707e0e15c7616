/** The one mapping of a row of `chats`: to `ChatHead` inside the program, and from there to what clients see. */
import type { Chat, ChatStatus, QueuedMessage } from '@parley/contracts';
import { toClientParts } from '@parley/contracts';
import type { ChatHead, StoredQueuedMessage } from '../types';
import { toInstant } from './timestamp';

const COLUMNS = [
  'id',
  'organization_id',
  'owner_id',
  'parent_chat_id',
  'root_chat_id',
  'title',
  'title_source',
  'mode',
  'plan_mode',
  'client_type',
  'labels',
  'mcp_server_ids',
  'dynamic_tools',
  'allowed_tools',
  'pin_order',
  'last_model_config_id',
  'last_reasoning_effort',
  'last_turn_summary',
  'summary',
  'created_at',
  'updated_at',
  'status',
  'archived',
  'queue',
  'open_calls',
  'action_deadline_at',
  'last_error',
  'worker_id',
  'runner_id',
  'version',
  'history_version',
  'queue_version',
  'generation_attempt',
  'retry',
  'compaction_requested_at',
] as const;

/** The columns of `ChatRow`, to be selected from the table or subquery called `alias`. */
export function chatColumns(alias: string): string {
  return [
    ...COLUMNS.map((column) => `${alias}.${column}`),
    `${alias}.answered_version > ${alias}.read_version as has_unread`,
  ].join(', ');
}

/** The names that `chatColumns` gives, for a subquery that passes them on. */
export function chatColumnNames(alias: string): string {
  return [...COLUMNS, 'has_unread'].map((column) => `${alias}.${column}`).join(', ');
}

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

/** The row as the driver returns it: the fields of ChatHead under the names of their columns. */
export type ChatRow = { [Field in keyof ChatHead as SnakeCase<Field>]: ChatHead[Field] };

export function toChatHead(row: ChatRow): ChatHead {
  return {
    id: row.id,
    organizationId: row.organization_id,
    ownerId: row.owner_id,
    parentChatId: row.parent_chat_id,
    rootChatId: row.root_chat_id,
    title: row.title,
    titleSource: row.title_source,
    mode: row.mode,
    planMode: row.plan_mode,
    clientType: row.client_type,
    labels: row.labels,
    mcpServerIds: row.mcp_server_ids,
    dynamicTools: row.dynamic_tools,
    allowedTools: row.allowed_tools,
    pinOrder: row.pin_order,
    lastModelConfigId: row.last_model_config_id,
    lastReasoningEffort: row.last_reasoning_effort,
    lastTurnSummary: row.last_turn_summary,
    summary: row.summary,
    hasUnread: row.has_unread,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    status: row.status,
    archived: row.archived,
    queue: row.queue,
    openCalls: row.open_calls,
    actionDeadlineAt: row.action_deadline_at,
    lastError: row.last_error,
    workerId: row.worker_id,
    runnerId: row.runner_id,
    version: row.version,
    historyVersion: row.history_version,
    queueVersion: row.queue_version,
    generationAttempt: row.generation_attempt,
    retry: row.retry && { ...row.retry, retrying_at: toInstant(row.retry.retrying_at) },
    compactionRequestedAt: row.compaction_requested_at,
  };
}

/** A chat as clients see it; `children` of a root are mapped with it. */
export function toClientChat(head: ChatHead, children: readonly ChatHead[] = []): Chat {
  return {
    ...clientFields(head),
    children: children.map((child) => ({ ...clientFields(child), children: [] })),
  };
}

function clientFields(head: ChatHead): Omit<Chat, 'children'> {
  return {
    id: head.id,
    organization_id: head.organizationId,
    owner_id: head.ownerId,
    ...(head.parentChatId !== null && { parent_chat_id: head.parentChatId }),
    ...(head.rootChatId !== null && { root_chat_id: head.rootChatId }),
    last_model_config_id: head.lastModelConfigId,
    ...(head.lastReasoningEffort !== null && { last_reasoning_effort: head.lastReasoningEffort }),
    title: head.title,
    status: head.status satisfies ChatStatus,
    ...(head.mode !== null && { mode: head.mode }),
    ...(head.planMode !== null && { plan_mode: head.planMode }),
    ...(head.lastError !== null && { last_error: head.lastError }),
    last_turn_summary: head.lastTurnSummary,
    summary: head.summary,
    created_at: head.createdAt.toISOString(),
    updated_at: head.updatedAt.toISOString(),
    archived: head.archived,
    shared: false,
    pin_order: head.pinOrder,
    mcp_server_ids: head.mcpServerIds,
    labels: head.labels,
    has_unread: head.hasUnread,
    client_type: head.clientType,
  };
}

/** The queue of a chat as clients see it. */
export function toClientQueue(head: Pick<ChatHead, 'id' | 'queue'>): QueuedMessage[] {
  return head.queue.map((item) => toQueuedMessage(head.id, item));
}

export function toQueuedMessage(chatId: string, item: StoredQueuedMessage): QueuedMessage {
  return {
    id: item.id,
    chat_id: chatId,
    ...(item.model_config_id !== null && { model_config_id: item.model_config_id }),
    content: toClientParts(item.content),
    created_at: toInstant(item.created_at),
  };
}
