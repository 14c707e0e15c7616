/**
 * What Postgres alone can do with two commits a turn: a user message and its chat, an assistant message and its chat, each pair one
 * statement, as the plainest chat server would write them. pgbench does it where it is installed, else a loop of our own, and the
 * report says which. Its tables are its own and go afterwards.
 */
import { Database, sql } from '@parley/database';
import { readProcStat, childrenOf } from '../measure/proc-stat';
import type { FloorReport } from '../report/schema';
import { hasPgbench, pgbench } from './pgbench';

const CHATS = 10_000;
const CLIENTS = [1, 10, 50];
const RUN_SECONDS = 3;
const ANSWER = 'x'.repeat(400);

const CREATE_CHATS = sql(
  'floor_create_chats',
  'create table scaletest_floor_chats (id int primary key, status text not null, version int not null)',
);
const CREATE_MESSAGES = sql(
  'floor_create_messages',
  `create table scaletest_floor_messages (id bigserial primary key, chat_id int not null, role text not null, content jsonb not null)`,
);
const FILL = sql(
  'floor_fill',
  `insert into scaletest_floor_chats select n, 'waiting', 1 from generate_series(1, ${CHATS}) n`,
);
const DROP = sql('floor_drop', 'drop table if exists scaletest_floor_messages, scaletest_floor_chats');
const WRITE = sql(
  'floor_write',
  `with u as (update scaletest_floor_chats set status = $2, version = version + 1 where id = $1 returning id)
insert into scaletest_floor_messages (chat_id, role, content) select u.id, $3, $4::jsonb from u`,
);

export interface CommitsOptions {
  readonly databaseUrl: string;
  /** Of the postmaster; undefined where it is not ours to see. */
  readonly postgresPid: number | undefined;
  readonly signal: AbortSignal;
}

export async function measureCommits(options: CommitsOptions): Promise<FloorReport['commits']> {
  const measured: FloorReport['commits'] = [];
  const by = (await hasPgbench()) ? 'pgbench' : 'own loop';
  for (const clients of CLIENTS) {
    if (options.signal.aborted) break;
    const database = await Database.open({
      url: options.databaseUrl,
      poolSize: clients,
      applicationName: 'parley-scaletest-floor',
    });
    try {
      for (const statement of [DROP, CREATE_CHATS, CREATE_MESSAGES, FILL])
        await database.query(statement, []);
      measured.push(
        await load(by === 'pgbench' ? underPgbench : inOwnLoop, { database, clients, options, by }),
      );
    } finally {
      await database.query(DROP, []);
      await database.close();
    }
  }
  return measured;
}

interface FloorLoad {
  readonly database: Database;
  readonly clients: number;
  readonly options: CommitsOptions;
  readonly by: FloorReport['commits'][number]['by'];
}

/** Does turns for a while. @returns how many, and in how many milliseconds */
type Drive = (load: FloorLoad) => Promise<{ turns: number; elapsedMs: number }>;

async function load(drive: Drive, load: FloorLoad): Promise<FloorReport['commits'][number]> {
  const { clients, options, by } = load;
  const cpuBefore = postgresCpuMs(options.postgresPid);
  const { turns, elapsedMs } = await drive(load);
  const cpuAfter = postgresCpuMs(options.postgresPid);
  return {
    by,
    clients,
    turns_per_s: Math.round((turns * 1000) / elapsedMs),
    ms_per_turn: Number(((elapsedMs * clients) / Math.max(1, turns)).toFixed(2)),
    postgres_cpu_ms_per_turn:
      cpuBefore === null || cpuAfter === null
        ? null
        : Number(((cpuAfter - cpuBefore) / Math.max(1, turns)).toFixed(3)),
  };
}

const QUESTION = JSON.stringify([{ type: 'text', text: 'Go on.' }]);
const ANSWERED = JSON.stringify([{ type: 'text', text: ANSWER }]);

async function underPgbench({ clients, options }: FloorLoad): Promise<{ turns: number; elapsedMs: number }> {
  const statement = (status: string, role: string, content: string): string =>
    WRITE.text
      .replaceAll('$1', ':chat')
      .replaceAll('$2', `'${status}'`)
      .replaceAll('$3', `'${role}'`)
      .replaceAll('$4', `'${content}'`)
      .replaceAll('\n', ' ');
  const script = [
    `\\set chat random(1, ${CHATS})`,
    `${statement('running', 'user', QUESTION)};`,
    `${statement('waiting', 'assistant', ANSWERED)};`,
    '',
  ].join('\n');
  const { databaseUrl, signal } = options;
  const rate = await pgbench({ databaseUrl, script, clients, seconds: RUN_SECONDS, signal });
  return { turns: rate * RUN_SECONDS, elapsedMs: RUN_SECONDS * 1000 };
}

async function inOwnLoop({
  database,
  clients,
  options,
}: FloorLoad): Promise<{ turns: number; elapsedMs: number }> {
  const { signal } = options;
  let turns = 0;
  const startedAtMs = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; performance.now() - startedAtMs < RUN_SECONDS * 1000 && !signal.aborted; turn += 1) {
        const chat = 1 + ((client * 997 + turn * 31) % CHATS);
        await database.query(WRITE, [chat, 'running', 'user', QUESTION]);
        await database.query(WRITE, [chat, 'waiting', 'assistant', ANSWERED]);
        turns += 1;
      }
    }),
  );
  return { turns, elapsedMs: performance.now() - startedAtMs };
}

function postgresCpuMs(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  const stats = [pid, ...childrenOf(pid)].map(readProcStat);
  return stats.reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), stats[0]?.endedChildrenCpuMs ?? 0);
}
