/**
 * The statements that a turn, its viewers and the sweeps run, as the functions of this library run them: for tests and benchmarks of
 * their plans. Each function is called once on a chat of one's choice, and what it asked Postgres is kept.
 */
import type { Database, Queryable, SqlStatement } from '@parley/database';
import { readBacklog } from '../reads/read-backlog';
import { readChat, readOwnedRunnable, readVersions } from '../reads/read-chat';
import { readFeed } from '../reads/read-feed';
import { readMessages } from '../reads/read-messages';
import { readTranscript } from '../reads/read-transcript';
import { markRead } from '../settings/mark-read';
import { acquire } from '../transitions/acquire';
import { acquireRunnable } from '../transitions/acquire-runnable';
import { commitStep } from '../transitions/commit-step';
import { finishTurn } from '../transitions/finish-turn';
import { send } from '../transitions/send';
import type { ChatHead, ChatStore, Fence } from '../types';
import { testSql, textContent } from './fixture';

export interface AskedStatement {
  readonly statement: SqlStatement;
  readonly values: readonly unknown[];
}

export interface HotPathInput {
  readonly store: ChatStore;
  readonly chatId: string;
  readonly ownerId: string;
  readonly workerId: string;
  /** Of feeds on one relay, besides. */
  readonly watchedChatIds: readonly string[];
  /** Chats of the owner, waiting too, that play a turn all at once: at least three. */
  readonly crowdIds: readonly string[];
}

const PAGE = { limit: 256, maxBytes: 2 * 1024 * 1024 };

/** Plays two turns and all reads on the chat, which must be waiting. Returns the last call of each statement, by its name. */
export async function playHotPath({
  store,
  chatId,
  ownerId,
  workerId,
  watchedChatIds,
  crowdIds,
}: HotPathInput): Promise<ReadonlyMap<string, AskedStatement>> {
  const asked = new Map<string, AskedStatement>();
  const database = recording(store.database, asked);
  const recorded = { ...store, database };
  const message = { role: 'assistant' as const, content: textContent('an answer') };
  const ask = { chatId, ownerId, content: textContent('a question'), busyBehavior: 'queue' as const };
  await send(recorded, ask);
  const taken = await acquire(recorded, { workerId, chatId });
  const step = await commitStep(recorded, { fence: fenceOf(taken), messages: [message] });
  await readOwnedRunnable(database, { workerId });
  const done = await finishTurn(recorded, {
    fence: fenceOf(step.ok ? step.chat : null),
    messages: [message],
  });
  await markRead(recorded, { chatId, ownerId });
  await acquireRunnable(recorded, { workerId, limit: 10 });
  await readBacklog(database);
  await readChat(database, { chatId });
  await readTranscript(database, { chatId });
  await readVersions(database, watchedChatIds);
  await readFeed(database, { chatId, ...PAGE });
  const version = done.ok ? done.chat.version : 0;
  await readFeed(database, { chatId, ...PAGE, afterRevision: version - 3 });
  await readMessages(database, { chatId, limit: 50 });
  await readMessages(database, { chatId, afterId: 1, ...PAGE });
  await Promise.all(crowdIds.map((id) => send(recorded, { ...ask, chatId: id })));
  const crowd = await Promise.all(crowdIds.map((id) => acquire(recorded, { workerId, chatId: id })));
  const fences = crowd.map((head) => ({ fence: fenceOf(head), messages: [message] }));
  const steps = await Promise.all(fences.map((input) => commitStep(recorded, input)));
  const ends = steps.map((done) => ({ fence: fenceOf(done.ok ? done.chat : null), messages: [message] }));
  await Promise.all(ends.map((input) => finishTurn(recorded, input)));
  await Promise.all(crowdIds.map((id) => markRead(recorded, { chatId: id, ownerId })));
  return asked;
}

function fenceOf(chat: ChatHead | null): Fence {
  if (chat?.runnerId === undefined || chat.runnerId === null) throw new Error('Nobody owns the chat');
  return { chatId: chat.id, runnerId: chat.runnerId, historyVersion: chat.historyVersion };
}

function recording(
  database: ChatStore['database'],
  asked: Map<string, AskedStatement>,
): ChatStore['database'] {
  return new Proxy(database, {
    get(target, name): unknown {
      if (name !== 'query') return Reflect.get(target, name);
      return (statement: SqlStatement, values: readonly unknown[]): unknown => {
        asked.set(statement.name, { statement, values });
        return target.query(statement, values);
      };
    },
  });
}

/** The plan for these values. With `analyze` the statement is run, inside a transaction that the caller rolls back. */
export async function explain(
  connection: Queryable,
  { statement, values }: AskedStatement,
  options = 'costs off',
): Promise<string> {
  const rows = await connection.query<{ 'QUERY PLAN': string }>(
    testSql(`explain (${options}) ${statement.text}`),
    values,
  );
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

/** The plan for whatever values: what Postgres may change to after a statement was run five times on a connection. */
export async function explainGeneric(
  database: Database,
  { statement, values }: AskedStatement,
): Promise<string> {
  return database.transaction(async (connection) => {
    await connection.query(testSql('set local plan_cache_mode = force_generic_plan'), []);
    await connection.query(testSql(`prepare asked as ${statement.text}`), []);
    const nulls = values.map(() => 'null').join(', ');
    const rows = await connection.query<{ 'QUERY PLAN': string }>(
      testSql(`explain (costs off) execute asked${values.length === 0 ? '' : ` (${nulls})`}`),
      [],
    );
    await connection.query(testSql('deallocate asked'), []);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  });
}

/** The indexes that a plan uses, by name, and the tables that it reads from end to end. */
export function accessPaths(plan: string): string[] {
  const indexes = [...plan.matchAll(/Scan(?: Backward)? using (\w+)|Bitmap Index Scan on (\w+)/g)];
  const tables = [...plan.matchAll(/Seq Scan on (\w+)/g)].map(([, table = '']) => `all of ${table}`);
  return [...new Set([...indexes.map(([, named, bitmap]) => named ?? bitmap ?? ''), ...tables])].sort();
}
