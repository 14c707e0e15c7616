/** The one mapping of a row of `chat_messages`: from a NewMessage, to a StoredMessage, and from there to what clients see. */
import { toClientParts, type ChatMessage, type MessageUsage } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import type { NewMessage, StoredMessage } from '../types';

const USAGE_COLUMNS = [
  'input_tokens',
  'output_tokens',
  'total_tokens',
  'reasoning_tokens',
  'cache_creation_tokens',
  'cache_read_tokens',
  'context_limit',
] as const satisfies readonly (keyof MessageUsage)[];

const READ_COLUMNS = [
  'id',
  'chat_id',
  'role',
  'content',
  'visibility',
  'compressed',
  'created_by',
  'model_config_id',
  'reasoning_effort',
  'created_at',
  'revision',
  ...USAGE_COLUMNS,
];

/** The columns of `MessageRow`, to be selected from the table called `alias`. */
export function messageColumns(alias: string): string {
  return READ_COLUMNS.map((column) => `${alias}.${column}`).join(', ');
}

/** What an inserted message may bring, with its types: the definition list of `jsonb_to_record`. */
export const WRITTEN_FIELDS = [
  'role text',
  'content jsonb',
  'visibility text',
  'compressed boolean',
  'created_by uuid',
  'model_config_id uuid',
  'reasoning_effort text',
  ...USAGE_COLUMNS.map((column) => `${column} bigint`),
  'total_cost_micros bigint',
  'model_call_id uuid',
  'provider_response_id text',
  'runtime_ms bigint',
];

export type MessageRow = {
  id: number;
  chat_id: string;
  role: StoredMessage['role'];
  content: StoredMessage['content'];
  visibility: StoredMessage['visibility'];
  compressed: boolean;
  created_by: string | null;
  model_config_id: string | null;
  reasoning_effort: StoredMessage['reasoningEffort'];
  /** A string when it comes inside JSON. */
  created_at: Date | string;
  revision: number;
} & Record<(typeof USAGE_COLUMNS)[number], number | null>;

/** The JSON of one message for a parameter of type `jsonb`. Counts of 0 are left out, so that they are stored as NULL. */
export function encodeMessage(message: NewMessage): string {
  const { usage = {} } = message;
  return encodeJsonb({
    role: message.role,
    content: message.content,
    visibility: message.visibility,
    compressed: message.compressed,
    created_by: message.createdBy,
    model_config_id: message.modelConfigId,
    reasoning_effort: message.reasoningEffort,
    ...Object.fromEntries(USAGE_COLUMNS.map((column) => [column, usage[column] || undefined])),
    context_limit: usage.context_limit || message.contextLimit || undefined,
    total_cost_micros: message.totalCostMicros,
    model_call_id: message.modelCallId,
    provider_response_id: message.providerResponseId,
    runtime_ms: message.runtimeMs || undefined,
  });
}

/** The JSON of messages, in their order. */
export function encodeMessages(messages: readonly NewMessage[]): string {
  return `[${messages.map(encodeMessage).join(',')}]`;
}

export function toStoredMessage(row: MessageRow): StoredMessage {
  return {
    id: row.id,
    chatId: row.chat_id,
    role: row.role,
    content: row.content,
    visibility: row.visibility,
    compressed: row.compressed,
    createdBy: row.created_by,
    modelConfigId: row.model_config_id,
    reasoningEffort: row.reasoning_effort,
    createdAt: new Date(row.created_at),
    revision: row.revision,
    usage: Object.fromEntries(
      USAGE_COLUMNS.flatMap((column) => (row[column] === null ? [] : [[column, row[column]]])),
    ),
  };
}

/** A message as clients see it. Whether they may see it at all is `visibility`. */
export function toChatMessage(message: StoredMessage): ChatMessage {
  const hasUsage = Object.keys(message.usage).length > 0;
  return {
    id: message.id,
    chat_id: message.chatId,
    ...(message.createdBy !== null && { created_by: message.createdBy }),
    ...(message.modelConfigId !== null && { model_config_id: message.modelConfigId }),
    created_at: message.createdAt.toISOString(),
    role: message.role,
    content: toClientParts(message.content),
    ...(hasUsage && { usage: message.usage }),
  };
}

/** Those of the messages that clients see. */
export function toChatMessages(messages: readonly StoredMessage[]): ChatMessage[] {
  return messages.filter((message) => message.visibility !== 'model').map(toChatMessage);
}
