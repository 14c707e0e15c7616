/** The plans that Postgres chooses by itself among many chats of many owners. */
import type { SqlStatement } from '@parley/database';
import { createFixture, testSql, type Fixture } from '../testing/fixture';
import { listChats, type ListChatsInput } from './list-chats';

let fixture: Fixture;
beforeAll(async () => {
  fixture = await createFixture();
  const { database } = fixture.test;
  await database.query(
    testSql(`with made as (
      insert into chats (organization_id, owner_id, last_model_config_id, status, title, updated_at)
      select $1, case when n % 10 = 0 then $2 else $3 end::uuid, $4, 'waiting', 'Chat ' || n, now() - make_interval(secs => n)
      from generate_series(1, 5000) n returning id)
    insert into chat_messages (chat_id, revision, role, content)
    select id, 1, 'user', jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'common word' || (n % 50)))
    from made, generate_series(1, 4) n`),
    [fixture.organizationId, fixture.ownerId, fixture.strangerId, fixture.modelConfigId],
  );
  for (const table of ['chats', 'chat_messages', 'chat_diff_statuses'])
    await database.query(testSql(`analyze ${table}`), []);
});
afterAll(() => fixture.close());

/** What a list asks, and the plans of it. */
async function plansOf(input: Partial<ListChatsInput>): Promise<string[]> {
  const asked: { statement: SqlStatement; values: readonly unknown[] }[] = [];
  const { database } = fixture.test;
  await listChats(
    {
      query: <Row>(statement: SqlStatement, values: readonly unknown[]) => {
        asked.push({ statement, values });
        return database.query<Row>(statement, values);
      },
    },
    { ownerId: fixture.ownerId, ...input },
  );
  const plans: string[] = [];
  for (const { statement, values } of asked) {
    const rows = await database.query<{ 'QUERY PLAN': string }>(testSql(`explain ${statement.text}`), values);
    plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
  }
  return plans;
}

test.each<[string, Partial<ListChatsInput>]>([
  ['plain', {}],
  ['by title', { title: 'chat 1' }],
  ['by pull request', { pullRequest: { statuses: ['open'] } }],
])('a list %s is one statement, in the order of its index', async (_name, input) => {
  const [plan, ...more] = await plansOf(input);
  expect(more).toEqual([]);
  expect(plan).toContain('chats_list');
  expect(plan).not.toMatch(/Seq Scan on chats/);
});

test.each(['common', 'word3', 'absent', '"common word3"'])(
  'a search for %s asks the index on words, chat by chat',
  async (search) => {
    const [plan, ...more] = await plansOf({ search });
    expect(more).toEqual([]);
    expect(plan).toContain('Bitmap Index Scan on chat_messages_words');
    expect(plan).toContain('chats_list');
    expect(plan).not.toMatch(/Seq Scan on (chats|chat_messages)/);
  },
);
