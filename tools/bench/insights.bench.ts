/**
 * How long pull-request insights take at size, and what keeping the sums adds to storing messages. Not part of the tests:
 *   npx jest --testMatch '**\/insights.bench.ts'
 * On a busy machine look at the CPU time of Postgres' backend (Linux only), which neighbours change less than the clock.
 * Sizes by BENCH_PULL_REQUESTS and BENCH_MESSAGES_PER_CHAT; the defaults are 100,000 and 35 (5 million messages), spread over a year.
 */
import { readFileSync } from 'node:fs';
import { sql, type Database } from '@parley/database';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { readPullRequestInsights } from '../../apps/gateway/src/insights/pull-request-insights';

const PULL_REQUESTS = Number(process.env['BENCH_PULL_REQUESTS'] ?? 100_000);
const MESSAGES_PER_CHAT = Number(process.env['BENCH_MESSAGES_PER_CHAT'] ?? 35);
const DAY_MS = 24 * 60 * 60 * 1000;
const RUNS = 15;

const BASE = sql(
  'bench_base',
  `with o as (insert into organizations (name, display_name) values ('o', 'O') returning id),
        u as (insert into users (email, username) values ('u@example.com', 'u') returning id),
        p as (insert into chat_providers (type, name) values ('openai', 'main') returning id)
   insert into chat_model_configs (organization_id, ai_provider_id, model, context_limit, compression_threshold)
   select o.id, p.id, 'model-' || n, 1000, 80 from o, p, u, generate_series(1, 10) n where u.id is not null`,
);
// A fifth of the chats are second chats on a pull request; every tenth has two children.
const CHATS = sql(
  'bench_chats',
  `with m as (select array_agg(id) as ids from chat_model_configs)
   insert into chats (organization_id, owner_id, last_model_config_id, status, created_at)
   select o.id, u.id, m.ids[1 + n % 10], 'waiting', now() - n * interval '365 days' / $1
   from organizations o, users u, m, generate_series(1, $1::int) n`,
);
const CHILDREN = sql(
  'bench_children',
  `insert into chats (organization_id, owner_id, last_model_config_id, status, created_at, parent_chat_id, root_chat_id)
   select c.organization_id, c.owner_id, c.last_model_config_id, 'waiting', c.created_at, c.id, c.id
   from (select *, row_number() over (order by created_at) as n from chats) c, generate_series(1, 2) where c.n % 10 = 0`,
);
const STATUSES = sql(
  'bench_statuses',
  `insert into chat_diff_statuses (chat_id, chat_created_at, git_branch, git_remote_origin, git_repository, stale_at, marked_at,
     url, pull_request_state, additions, deletions, approved, pr_number)
   select c.id, c.created_at, 'b' || n, 'https://github.com/o/r', 'github.com/o/r', now() + interval '1 day', now(),
     'https://github.com/o/r/pull/' || n % ($1::int * 5 / 6), (array['open', 'closed', 'merged'])[1 + n % 3], n % 500, n % 90, n % 2 = 0, n
   from (select *, row_number() over (order by created_at) as n from chats where parent_chat_id is null) c where n > 1`,
);
const MESSAGES = sql(
  'bench_messages',
  `insert into chat_messages (chat_id, role, content, revision, total_cost_micros)
   select c.id, case n % 2 when 0 then 'user' else 'assistant' end, '[{"type":"text","text":"Hello"}]', n,
     case n % 2 when 1 then 1000 + n end
   from chats c, generate_series(1, $1::int) n`,
);
// As the migrations do it: derived tables in one go instead of row by row.
const COSTS = sql(
  'bench_costs',
  `insert into chat_costs (chat_id, parent_chat_id, pull_request_key, payer_key, total_cost_micros)
   select c.id, c.parent_chat_id, d.pull_request_key, coalesce(d.pull_request_key, p.pull_request_key), m.cost
   from (select chat_id, sum(total_cost_micros) as cost from chat_messages group by chat_id) m
   join chats c on c.id = m.chat_id left join chat_diff_statuses d on d.chat_id = c.id
   left join chat_diff_statuses p on p.chat_id = c.parent_chat_id`,
);
const PULL_REQUEST_COSTS = sql(
  'bench_pull_request_costs',
  `insert into pull_request_costs (pull_request_key, total_cost_micros)
   select payer_key, sum(total_cost_micros) from chat_costs where payer_key is not null group by payer_key`,
);
const PULL_REQUEST_CHATS = sql(
  'bench_pull_request_chats',
  `insert into pull_request_chats (chat_id, pull_request_key, chat_created_at, next_created_at, state, additions, deletions, approved,
     model_config_id)
   select d.chat_id, d.pull_request_key, d.chat_created_at,
     lead(d.chat_created_at) over (partition by d.pull_request_key order by d.chat_created_at, d.chat_id),
     d.pull_request_state, d.additions, d.deletions, d.approved is true, c.last_model_config_id
   from chat_diff_statuses d join chats c on c.id = d.chat_id`,
);
const PRICED = sql(
  'bench_priced',
  `insert into chat_messages (chat_id, role, content, revision, total_cost_micros) values ($1, 'assistant', '[]', 1, $2)`,
);
const plain = (text: string) => ({ name: '', text });

let testDatabase: TestDatabase;
beforeAll(async () => {
  testDatabase = await createTestDatabase({ poolSize: 1 });
  const { database } = testDatabase;
  await database.query(BASE, []);
  await database.query(CHATS, [Math.ceil(PULL_REQUESTS * 1.2)]);
  await database.query(CHILDREN, []);
  // It takes most of the time of loading, and insights read no words.
  await database.query(plain('drop index chat_messages_words'), []);
  const tables = ['chat_diff_statuses', 'chat_messages', 'chat_costs'];
  for (const table of tables) {
    await database.query(plain(`alter table ${table} disable trigger user`), []);
  }
  await database.query(STATUSES, [Math.ceil(PULL_REQUESTS * 1.2)]);
  await database.query(MESSAGES, [MESSAGES_PER_CHAT]);
  for (const statement of [COSTS, PULL_REQUEST_COSTS, PULL_REQUEST_CHATS])
    await database.query(statement, []);
  for (const table of tables) {
    await database.query(plain(`alter table ${table} enable trigger user`), []);
  }
  await database.query(plain('vacuum analyze'), []);
}, 1_800_000);
afterAll(() => testDatabase.drop());

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** What this machine takes for a million rows of nothing: about 75 ms when it is idle. */
const YARDSTICK = plain('select count(*) from generate_series(1, 1000000)');

async function timesOf(runs: number, work: (run: number) => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const startedAt = performance.now();
    await work(run);
    times.push(performance.now() - startedAt);
  }
  return times;
}

/** CPU milliseconds that this connection's backend has used: user and system time, in ticks of 10 ms. */
async function backendCpuMs(database: Database): Promise<number> {
  const [row] = await database.query<{ pid: number }>(sql('bench_pid', 'select pg_backend_pid() as pid'), []);
  const fields = readFileSync(`/proc/${row?.pid ?? 'self'}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test.each([7, 30, 90, 182, 365, 5 * 365])(
  'insights of %i days',
  async (days) => {
    const { database } = testDatabase;
    const end = new Date();
    const range = { start: new Date(end.getTime() - days * DAY_MS), end };
    const { summary } = await readPullRequestInsights(database, range);
    const cpuBefore = await backendCpuMs(database);
    const times = await timesOf(RUNS, () => readPullRequestInsights(database, range));
    const cpuMs = ((await backendCpuMs(database)) - cpuBefore) / RUNS;
    const yardstickBefore = await backendCpuMs(database);
    await timesOf(RUNS, () => database.query(YARDSTICK, []));
    const yardstickMs = ((await backendCpuMs(database)) - yardstickBefore) / RUNS;
    const shown = `median ${median(times).toFixed(0)} ms, worst ${Math.max(...times).toFixed(0)} ms, CPU ${cpuMs.toFixed(0)} ms (yardstick ${yardstickMs.toFixed(0)} ms)`;
    console.log(`${days} days: ${summary.total_prs_created} pull requests, ${shown}`);
  },
  120_000,
);

// A message of a chat without a pull request updates one row of sums, one of a chat with a pull request two.
test.each([
  ['without a pull request', 'is null'],
  ['with a pull request', 'is not null'],
])(
  'what a cost adds to storing a message of a chat %s',
  async (what, isPaid) => {
    const { database } = testDatabase;
    const oneChat = plain(`select chat_id as id from chat_costs where payer_key ${isPaid} limit 1`);
    const [{ id } = { id: '' }] = await database.query<{ id: string }>(oneChat, []);
    const store = (cost: number | null) => () => insert(database, id, cost);
    await timesOf(500, store(1));
    const without = median(await timesOf(2_000, store(null)));
    const withCost = median(await timesOf(2_000, store(1)));
    console.log(`a message ${what}: ${without.toFixed(3)} ms, with a cost: ${withCost.toFixed(3)} ms`);
  },
  60_000,
);

const insert = (database: Database, chatId: string, cost: number | null) =>
  database.query(PRICED, [chatId, cost]);
