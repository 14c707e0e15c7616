/**
 * What Postgres alone can do with two commits a turn: a user message and its chat, an assistant message and its chat, each pair one
 * statement, as the plainest chat server would write them. Its tables are its own and go afterwards.
 */
import { Database, sql } from '@parley/database';
import { readProcStat, childrenOf } from '../measure/proc-stat';
import type { FloorReport } from '../report/schema';

const CHATS = 10_000;
const CLIENTS = [1, 10, 50];
const RUN_MS = 3_000;
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
      measured.push(await load(database, clients, options));
    } finally {
      await database.query(DROP, []);
      await database.close();
    }
  }
  return measured;
}

async function load(
  database: Database,
  clients: number,
  { postgresPid, signal }: CommitsOptions,
): Promise<FloorReport['commits'][number]> {
  const question = JSON.stringify([{ type: 'text', text: 'Go on.' }]);
  const answer = JSON.stringify([{ type: 'text', text: ANSWER }]);
  let turns = 0;
  const cpuBefore = postgresCpuMs(postgresPid);
  const startedAtMs = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      for (let turn = 0; performance.now() - startedAtMs < RUN_MS && !signal.aborted; turn += 1) {
        const chat = 1 + ((client * 997 + turn * 31) % CHATS);
        await database.query(WRITE, [chat, 'running', 'user', question]);
        await database.query(WRITE, [chat, 'waiting', 'assistant', answer]);
        turns += 1;
      }
    }),
  );
  const elapsedMs = performance.now() - startedAtMs;
  const cpuAfter = postgresCpuMs(postgresPid);
  return {
    clients,
    turns_per_s: Math.round((turns * 1000) / elapsedMs),
    ms_per_turn: Number(((elapsedMs * clients) / Math.max(1, turns)).toFixed(2)),
    postgres_cpu_ms_per_turn:
      cpuBefore === null || cpuAfter === null
        ? null
        : Number(((cpuAfter - cpuBefore) / Math.max(1, turns)).toFixed(3)),
  };
}

function postgresCpuMs(pid: number | undefined): number | null {
  if (pid === undefined) return null;
  const stats = [pid, ...childrenOf(pid)].map(readProcStat);
  return stats.reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), stats[0]?.endedChildrenCpuMs ?? 0);
}
