/**
 * Pull-request insights against a second, naive implementation that reads every row into memory and counts by hand: over random
 * chats, pull requests, children, costs and deleted models. A failing run prints its seed.
 */
import { randomUUID } from 'node:crypto';
import { sql } from '@parley/database';
import type { PullRequestInsights } from '@parley/contracts';
import fc from 'fast-check';
import { provision, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';
import { naiveInsights, type NaiveChat, type NaiveModel } from './testing/naive-insights';
import { readPullRequestInsights } from './pull-request-insights';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.UTC(2026, 5, 15, 12);
const ADMIN = '/api/v2/chats/insights/pull-requests';

const SET_MODEL = sql('insights_spec_set_model', 'update chats set last_model_config_id = $2 where id = $1');
const REMOVE = sql('insights_spec_remove', 'delete from chats where id = any ($1)');
const CLEAR = sql('insights_spec_clear', 'delete from chats');
const ADD_MODEL = sql(
  'insights_spec_model',
  `insert into chat_model_configs (id, organization_id, ai_provider_id, model, display_name, context_limit, compression_threshold, deleted)
   values ($1, $2, $3, $4, $5, 1000, 80, $6)`,
);
const ADD_CHAT = sql(
  'insights_spec_chat',
  `insert into chats (id, organization_id, owner_id, parent_chat_id, root_chat_id, last_model_config_id, status, created_at)
   values ($1, $2, $3, $4, $4, $5, 'waiting', $6)`,
);
const ADD_STATUS = sql(
  'insights_spec_status',
  `insert into chat_diff_statuses (chat_id, chat_created_at, git_branch, git_remote_origin, git_repository, stale_at, marked_at,
     url, pull_request_state, pull_request_title, additions, deletions, changed_files, approved, pr_number, base_branch)
   values ($1, $2, 'b', 'https://github.com/o/r', 'github.com/o/r', now(), now(), $3, $4, $5, $6, $7, 1, $8, $9, 'main')`,
);
const CHANGE_PULL = sql(
  'insights_spec_change',
  'update chat_diff_statuses set url = $2, pull_request_state = $3 where chat_id = $1',
);
const ADD_MESSAGE = sql(
  'insights_spec_message',
  `insert into chat_messages (chat_id, role, content, revision, total_cost_micros, deleted)
   values ($1, 'assistant', '[]', 1, $2, $3)`,
);
const ADD_CALL = sql(
  'insights_spec_call',
  `insert into chat_model_calls (id, chat_id, root_chat_id, user_id, organization_id, model_config_id, purpose, outcome, cost_micros)
   select $2, c.id, c.id, c.owner_id, c.organization_id, c.last_model_config_id, 'title', 'finished', $3 from chats c where c.id = $1`,
);

let gateway: TestGateway;
let world: Provisioned;
let models: NaiveModel[];

beforeAll(async () => {
  gateway = await startGateway({ database: { poolSize: 6 } });
  world = await provision(gateway);
  models = [
    { id: world.modelId, name: 'gpt-5', provider: 'openai', isDeleted: false },
    { id: randomUUID(), name: 'Named', provider: 'openai', isDeleted: false },
    { id: randomUUID(), name: 'Gone', provider: 'openai', isDeleted: true },
  ];
  for (const { id, name, isDeleted } of models.slice(1)) {
    const values = [id, world.organizationId, world.providerId, 'm', name, isDeleted];
    await gateway.testDatabase.database.query(ADD_MODEL, values);
  }
});
afterAll(() => gateway.close());

const URLS = [
  'https://github.com/o/r/pull/1',
  'https://github.com/o/r/pull/2',
  'https://github.com/o/r/pull/3',
];

const aPull = fc.record({
  url: fc.option(fc.constantFrom(...URLS, '')),
  state: fc.constantFrom('open' as const, 'closed' as const, 'merged' as const, null),
  additions: fc.nat(500),
  deletions: fc.nat(500),
  approved: fc.option(fc.boolean()),
});

const aChat = fc.record({
  /** Of the chats before it, or a root. */
  parent: fc.option(fc.nat(20), { freq: 2 }),
  model: fc.nat(2),
  daysAgo: fc.integer({ min: -1, max: 25 }),
  pull: fc.option(aPull, { freq: 5 }),
  messages: fc.array(fc.option(fc.nat(10_000)), { maxLength: 4 }),
  pullBefore: fc.option(
    fc.record({ url: fc.constantFrom(...URLS), state: fc.constantFrom('open' as const, null) }),
  ),
  isCostFirst: fc.boolean(),
  /** The model that the chat had at first. */
  modelBefore: fc.option(fc.nat(2)),
  calls: fc.array(fc.option(fc.nat(10_000)), { maxLength: 2 }),
  isRemoved: fc.boolean(),
});

type RandomChat = typeof aChat extends fc.Arbitrary<infer T> ? T : never;

function toNaive(random: readonly RandomChat[]): NaiveChat[] {
  const chats: NaiveChat[] = [];
  for (const [index, each] of random.entries()) {
    const parent = each.parent === null ? undefined : chats[each.parent % Math.max(1, index)];
    const isChild = parent !== undefined && parent.parentId === null;
    chats.push({
      id: randomUUID(),
      parentId: isChild ? parent.id : null,
      modelId: models[each.model]?.id ?? world.modelId,
      // Several chats of one instant: then the id decides which is the newest.
      createdAt: NOW - each.daysAgo * DAY_MS,
      pull: each.pull,
      pullBefore: each.pullBefore,
      modelBefore: models[each.modelBefore ?? each.model]?.id ?? world.modelId,
      isCostFirst: each.isCostFirst,
      costs: [...each.messages, ...each.calls],
      messageCount: each.messages.length,
    });
  }
  return chats;
}

/** Chats in order, so that parents come first. Costs and pull requests of all of them at the same time, as services write them. */
async function store(chats: readonly NaiveChat[]): Promise<void> {
  const { database } = gateway.testDatabase;
  await database.query(CLEAR, []);
  const { organizationId, admin } = world;
  for (const { id, parentId, modelBefore, createdAt } of chats) {
    const values = [id, organizationId, admin.id, parentId, modelBefore, new Date(createdAt)];
    await database.query(ADD_CHAT, values);
  }
  await Promise.all(chats.map(storeOne));
}

/** In whatever order `isCostFirst` says. */
async function storeOne(chat: NaiveChat): Promise<void> {
  if (chat.isCostFirst) await storeCosts(chat);
  await storePull(chat);
  await gateway.testDatabase.database.query(SET_MODEL, [chat.id, chat.modelId]);
  if (!chat.isCostFirst) await storeCosts(chat);
}

/** Removes some, with their children. Resolves with those that are left. */
async function removeSome(chats: readonly NaiveChat[], random: readonly RandomChat[]): Promise<NaiveChat[]> {
  const removed = new Set(chats.filter((_, index) => random[index]?.isRemoved === true).map(({ id }) => id));
  const isGone = ({ id, parentId }: NaiveChat) =>
    removed.has(id) || (parentId !== null && removed.has(parentId));
  const ids = chats.filter(isGone).map(({ id }) => id);
  await gateway.testDatabase.database.query(REMOVE, [ids]);
  return chats.filter((chat) => !isGone(chat));
}

async function storeCosts({ id, costs, messageCount }: NaiveChat): Promise<void> {
  const { database } = gateway.testDatabase;
  for (const [index, cost] of costs.entries()) {
    if (index < messageCount) await database.query(ADD_MESSAGE, [id, cost, index === 1]);
    else await database.query(ADD_CALL, [id, randomUUID(), cost]);
  }
}

/** Some at once; some as another pull request first, or as a branch that has none yet. */
async function storePull({ id, createdAt, pull, pullBefore }: NaiveChat): Promise<void> {
  if (pull === null) return;
  const { database } = gateway.testDatabase;
  const sizes = [pull.additions, pull.deletions, pull.approved, 7];
  const first = pullBefore ?? pull;
  await database.query(ADD_STATUS, [id, new Date(createdAt), first.url, first.state, `of ${id}`, ...sizes]);
  if (pullBefore !== null) await database.query(CHANGE_PULL, [id, pull.url, pull.state]);
}

test('every number is that of a naive count, for any chats and any period', async () => {
  const { database } = gateway.testDatabase;
  const period = fc.record({ from: fc.integer({ min: 1, max: 20 }), days: fc.integer({ min: 1, max: 14 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(aChat, { maxLength: 20 }), period, async (random, { from, days }) => {
      const all = toNaive(random);
      await store(all);
      const start = new Date(NOW - from * DAY_MS);
      const end = new Date(start.getTime() + days * DAY_MS);
      const check = async (chats: readonly NaiveChat[]) => {
        const read = await readPullRequestInsights(database, { start, end });
        expect(read).toEqual(naiveInsights({ chats, models, start: start.getTime(), end: end.getTime() }));
      };
      await check(all);
      await check(await removeSome(all, random));
    }),
    { numRuns: 60, endOnFailure: false },
  );
}, 120_000);

test('a changed cost and a removed chat change the sums', async () => {
  const { database } = gateway.testDatabase;
  const chat: NaiveChat = {
    id: randomUUID(),
    parentId: null,
    modelId: world.modelId,
    modelBefore: world.modelId,
    createdAt: NOW,
    pull: { url: URLS[0] ?? '', state: 'merged', additions: 1, deletions: 1, approved: true },
    pullBefore: null,
    isCostFirst: false,
    costs: [10, null],
    messageCount: 2,
  };
  await store([chat]);
  const range = { start: new Date(NOW - DAY_MS), end: new Date(NOW + DAY_MS) };
  const cost = async () => (await readPullRequestInsights(database, range)).summary.total_cost_micros;
  expect(await cost()).toBe(10);
  const setCosts = sql(
    'insights_spec_set',
    'update chat_messages set total_cost_micros = $2 where chat_id = $1',
  );
  await database.query(setCosts, [chat.id, 7]);
  expect(await cost()).toBe(14);
  await database.query(setCosts, [chat.id, null]);
  expect(await cost()).toBe(0);
  await database.query(CLEAR, []);
  expect((await readPullRequestInsights(database, range)).summary.total_prs_created).toBe(0);
});

describe('the route', () => {
  const asked = `${ADMIN}?start_date=2026-06-01T00:00:00Z&end_date=2026-06-16T00:00:00Z`;

  test('answers administrators and does not exist for others', async () => {
    const reply = await gateway.call('GET', asked, { token: world.admin.token });
    expect(reply.status).toBe(200);
    expect(reply.body as PullRequestInsights).toMatchObject({
      time_series: [],
      by_model: [],
      recent_prs: [],
    });
    expect((await gateway.call('GET', asked, { token: world.member.token })).status).toBe(404);
    expect((await gateway.call('GET', ADMIN, { token: world.admin.token })).status).toBe(200);
  });

  test.each([
    ['start_date=yesterday', 'start_date'],
    ['start_date=2026-06-16T00:00:00Z&end_date=2026-06-01T00:00:00Z', 'end_date'],
    ['start_date=2016-06-16T00:00:00Z&end_date=2026-06-01T00:00:00Z', 'start_date'],
    ['start_date=9999-01-01T00:00:00Z', 'start_date'],
  ])('refuses ?%s', async (query, field) => {
    const reply = await gateway.call('GET', `${ADMIN}?${query}`, { token: world.admin.token });
    expect(reply.status).toBe(400);
    expect(reply.body).toMatchObject({ validations: [{ field }] });
  });
});
