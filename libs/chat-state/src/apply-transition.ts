/**
 * Runs a transition's statement, and tells the world about what it did. Refusals are values made from the same answer: the
 * row that refused came back with it, so no second read can disagree.
 */
import type { ChatChange, ChatStatus, OpenCall } from '@parley/contracts';
import { queryBatched, sql, type BatchedStatement, type SqlStatement } from '@parley/database';
import { publishChange } from './publish-change';
import { toChatHead, toClientQueue, type ChatRow } from './rows/chat-row';
import { toChatMessages, toStoredMessage, type MessageRow } from './rows/message-row';
import { classify, type ChatState } from './states';
import { isLegal, type Transition } from './transition-table';
import type { ChatHead, ChatStore, Done, RefusalReason, Refused, Stale, StoredMessage } from './types';

/** One row of a transition statement's answer: the chat as found, and as left. */
export interface TransitionRow {
  from_id: string;
  from_owner_id: string;
  from_status: ChatStatus;
  from_archived: boolean;
  from_queue_length: number;
  from_version: number;
  from_open_calls: OpenCall[];
  from_retry_attempt: number | null;
  messages: MessageRow[] | null;
}
export type Answer = TransitionRow & (ChatRow | { [Column in keyof ChatRow]: null });

export interface Application {
  transition: Transition;
  statement: SqlStatement | BatchedStatement;
  values: readonly unknown[];
  /** Whose chat it must be; absent when the caller has already decided. */
  ownerId?: string | undefined;
  /** The statement reads messages: it runs in a transaction that took the lock before, and so sees them as of then. */
  underLock?: boolean;
  /** Why the row refused though its state allows the transition. */
  otherwise?: RefusalReason | ((row: TransitionRow) => RefusalReason);
}

/** Applies a transition asked for by a person: its owner is woken, or all workers when nobody owns the chat. */
export async function applyTransition(store: ChatStore, application: Application): Promise<Done | Refused> {
  const row = await queryChat(store, application);
  if (row === undefined || !isDone(row)) return refusal(row, application);
  const done = toDone(row);
  publishChange(store, { ...done, from: row, wakesOwner: true });
  return done;
}

const LOCK_CHAT = sql('lock_chat', 'select from chats where id = $1 for no key update');

/** Locks the chat named by the first value, then runs the statement: it sees all that was committed before the lock was ours. */
export function queryUnderLock<Row extends Answer>(
  store: ChatStore,
  { statement, values }: { statement: SqlStatement; values: readonly unknown[] },
): Promise<Row[]> {
  return store.database.transaction(async (tx) => {
    await tx.query(LOCK_CHAT, [values[0]]);
    return tx.query<Row>(statement, values);
  });
}

/** Applies a worker's own transition. Whatever does not fit its fence is stale; it needs no wake for what it did itself. */
export async function applyFenced(
  store: ChatStore,
  application: Pick<Application, 'statement' | 'values'>,
): Promise<Done | Stale> {
  const row = await queryChat(store, application);
  if (row === undefined) return { ok: false, reason: 'stale' };
  if (!isDone(row)) return { ok: false, reason: 'stale', state: stateOf(row) };
  const done = toDone(row);
  publishChange(store, { ...done, from: row, wakesOwner: false });
  return done;
}

/** What became of the one chat that the first value names. */
async function queryChat(
  store: ChatStore,
  { statement, values, underLock = false }: Pick<Application, 'statement' | 'values' | 'underLock'>,
): Promise<Answer | undefined> {
  if ('many' in statement) return queryBatched<Answer>(store.database, statement, values);
  const [row] = underLock
    ? await queryUnderLock<Answer>(store, { statement, values })
    : await store.database.query<Answer>(statement, values);
  return row;
}

/** Applies a transition to many chats at once; those that refused are left out. */
export async function applyToMany(
  store: ChatStore,
  { statement, values }: { statement: SqlStatement; values: readonly unknown[] },
): Promise<Done[]> {
  const rows = await store.database.query<Answer>(statement, values);
  return rows.filter(isDone).map((row) => {
    const done = toDone(row);
    publishChange(store, { ...done, from: row, wakesOwner: false });
    return done;
  });
}

export function isDone<Row extends Answer>(row: Row): row is Row & ChatRow {
  return row.id !== null;
}

export function stateOf(row: TransitionRow): ChatState {
  return classify({
    status: row.from_status,
    queueLength: row.from_queue_length,
    archived: row.from_archived,
  });
}

export function refusal(row: TransitionRow | undefined, application: Application): Refused {
  if (row === undefined || (application.ownerId ?? row.from_owner_id) !== row.from_owner_id)
    return { ok: false, reason: 'not_found' };
  const state = stateOf(row);
  if (!isLegal(state, application.transition))
    return { ok: false, reason: row.from_archived ? 'archived' : 'illegal_transition', state };
  const { otherwise = 'illegal_transition' } = application;
  return { ok: false, reason: typeof otherwise === 'function' ? otherwise(row) : otherwise, state };
}

export function toDone(row: TransitionRow & ChatRow): Done {
  const chat = toChatHead(row);
  const rows = (row.messages ?? []).map(toStoredMessage);
  return { ok: true, chat, rows, change: toChange(row, chat, rows) };
}

/** What changed from the row as found to the row as left: fields that did not change are absent. */
function toChange(from: TransitionRow, chat: ChatHead, rows: readonly StoredMessage[]): ChatChange {
  const messages = toChatMessages(rows);
  const errorChanged = (from.from_status === 'error') !== (chat.status === 'error');
  const retryChanged = from.from_retry_attempt !== (chat.retry?.attempt ?? null);
  const callsChanged = JSON.stringify(from.from_open_calls) !== JSON.stringify(chat.openCalls);
  return {
    chat_id: chat.id,
    owner_id: chat.ownerId,
    from_version: from.from_version,
    version: chat.version,
    history_version: chat.historyVersion,
    queue_version: chat.queueVersion,
    status: chat.status,
    worker_id: chat.workerId,
    generation_attempt: chat.generationAttempt,
    archived: chat.archived,
    ...(messages.length > 0 && { messages }),
    ...(chat.queueVersion === chat.version && { queue: toClientQueue(chat) }),
    ...(errorChanged && { error: chat.lastError }),
    ...(retryChanged && { retry: chat.retry }),
    ...(callsChanged && { open_calls: chat.openCalls }),
  };
}
