/**
 * The plans of the hot path, chosen by Postgres itself on analysed tables among many chats of many messages, one of them long. Each
 * statement is planned for its values and for any values, since a connection may change to the latter.
 */
import { createFixture, testSql, textContent, type Fixture } from './testing/fixture';
import { accessPaths, explain, explainGeneric, playHotPath, type AskedStatement } from './testing/hot-path';
import { createChat } from './transitions/create';

const CHATS = 3_000;
const MESSAGES_PER_CHAT = 15;
const LONG_HISTORY = 3_000;

const LOAD = `with made as (
  insert into chats (organization_id, owner_id, last_model_config_id, status, version, history_version, updated_at)
  select $1, case when n % 10 = 0 then $2 else $3 end::uuid, $4, 'waiting', ${MESSAGES_PER_CHAT}, ${MESSAGES_PER_CHAT}, now() - make_interval(secs => n)
  from generate_series(1, ${CHATS}) n returning id)
insert into chat_messages (chat_id, revision, role, content)
select id, n, case n % 2 when 1 then 'user' else 'assistant' end, jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'word'))
from generate_series(1, ${MESSAGES_PER_CHAT}) n, made`;
const LENGTHEN = `insert into chat_messages (chat_id, revision, role, content)
select $1, 1, case n % 2 when 1 then 'user' else 'assistant' end, jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'word'))
from generate_series(1, ${LONG_HISTORY}) n`;

const WORK = ['chats_owned', 'chats_pkey', 'chats_unowned_work'];
const PATHS: Readonly<Record<string, readonly string[]>> = {
  send: ['chats_pkey'],
  acquire: ['chats_pkey'],
  commit_step: ['chats_pkey'],
  finish_turn: ['chats_pkey'],
  mark_read: ['chats_pkey'],
  send_many: ['chats_pkey'],
  acquire_many: ['chats_pkey'],
  commit_step_many: ['chats_pkey'],
  finish_turn_many: ['chats_pkey'],
  mark_read_many: ['chats_pkey'],
  read_chat: ['chats_pkey'],
  read_versions: ['chats_pkey'],
  acquire_runnable: WORK,
  read_backlog: ['chats_unowned_work'],
  read_owned_runnable: ['chats_owned'],
  read_transcript: ['chat_messages_boundary', 'chat_messages_pkey', 'chat_messages_system'],
  read_feed_newest: ['chat_messages_pkey', 'chats_pkey'],
  read_feed_after_revision: ['chat_messages_revision', 'chats_pkey'],
  read_messages_newest_first: ['chat_messages_pkey'],
  read_messages_oldest_first: ['chat_messages_pkey'],
};
/** They stop where the page ends, however long the history is. */
const PAGES = ['read_feed_newest', 'read_messages_newest_first', 'read_messages_oldest_first'];
/** As large as there are processes. */
const SMALL = ['all of workers'];

describe('A statement of the hot path', () => {
  let fixture: Fixture;
  let asked: ReadonlyMap<string, AskedStatement>;

  beforeAll(async () => {
    fixture = await createFixture();
    const { database } = fixture.test;
    const { organizationId, ownerId, strangerId, modelConfigId, store, workerId } = fixture;
    await database.query(testSql(LOAD), [organizationId, ownerId, strangerId, modelConfigId]);
    const [long, ...crowd] = await database.query<{ id: string }>(
      testSql('select id from chats where owner_id = $1 limit 5'),
      [ownerId],
    );
    await database.query(testSql(LENGTHEN), [long?.id]);
    await createChat(store, {
      organizationId,
      ownerId,
      title: 'Waits for a worker',
      titleSource: 'fallback',
      modelConfigId,
      userMessage: { role: 'user', content: textContent('hello'), createdBy: ownerId },
    });
    for (const table of ['chats', 'chat_messages', 'workers'])
      await database.query(testSql(`vacuum analyze ${table}`), []);
    const watched = await database.query<{ id: string }>(testSql('select id from chats limit 20'), []);
    const watchedChatIds = watched.map(({ id }) => id);
    const crowdIds = crowd.map(({ id }) => id);
    asked = await playHotPath({ store, chatId: long?.id ?? '', ownerId, workerId, watchedChatIds, crowdIds });
  }, 120_000);
  afterAll(() => fixture.close());

  it('is one of those whose plans are known', () => {
    expect([...asked.keys()].sort()).toEqual(Object.keys(PATHS).sort());
  });

  it.each(Object.keys(PATHS))('%s finds its rows by its index', async (name) => {
    const statement = asked.get(name);
    if (statement === undefined) throw new Error(`${name} was not asked`);
    const { database } = fixture.test;
    for (const plan of [await explain(database, statement), await explainGeneric(database, statement)]) {
      const paths = accessPaths(plan).filter((path) => !SMALL.includes(path) && path !== 'workers_pkey');
      expect({ plan, paths }).toEqual({ plan, paths: PATHS[name] });
      if (PAGES.includes(name)) expect(plan).not.toMatch(/-> {2}Sort/);
    }
  });
});
