/**
 * The statements of the hot path on a large database: their plans, and how long each takes on chats of 10, 1,000 and 10,000 messages. Not part
 * of the tests:
 *   npx jest --testMatch '**\/hot-path.bench.ts'
 * Sizes by BENCH_CHATS and BENCH_MESSAGES; the defaults are 20,000 chats with 1,000,000 messages. Takes about three minutes.
 */
import { sql } from '@parley/database';
import { createFixture, testSql, type Fixture } from '../../libs/chat-state/src/testing/fixture';
import {
  accessPaths,
  explain,
  explainGeneric,
  playHotPath,
  type AskedStatement,
} from '../../libs/chat-state/src/testing/hot-path';
import { CONTENT, LENGTHEN, ROLE, SIZES } from './long-chats/filled-chat';

const CHATS = Number(process.env['BENCH_CHATS'] ?? 20_000);
const MESSAGES = Number(process.env['BENCH_MESSAGES'] ?? 1_000_000);
const ROUNDS = 15;

const LOAD_CHATS = sql(
  'bench_chats',
  `insert into chats (organization_id, owner_id, last_model_config_id, status, version, history_version, updated_at)
select $1, case when n % 10 = 0 then $2 else $3 end::uuid, $4, 'waiting', $6::int, $6::int, now() - make_interval(secs => n)
from generate_series(1, $5::int) n`,
);
const LOAD_MESSAGES = sql(
  'bench_messages',
  `insert into chat_messages (chat_id, revision, role, content)
select c.id, n, ${ROLE}, ${CONTENT} from generate_series(1, $1::int) n, chats c`,
);

describe('The hot path', () => {
  let fixture: Fixture;
  const chats: { history: number; chatId: string }[] = [];
  let watchedChatIds: string[] = [];
  let crowdIds: readonly string[] = [];

  beforeAll(async () => {
    fixture = await createFixture();
    const { organizationId, ownerId, strangerId, modelConfigId } = fixture;
    const { database } = fixture.test;
    const startedAt = performance.now();
    const perChat = Math.round(MESSAGES / CHATS);
    // The index on words is filled faster at once than row by row.
    const [index] = await database.query<{ text: string }>(
      testSql(`select indexdef as text from pg_indexes where indexname = 'chat_messages_words'`),
      [],
    );
    await database.query(testSql('drop index chat_messages_words'), []);
    const owner = [organizationId, ownerId, strangerId, modelConfigId];
    await database.query(LOAD_CHATS, [...owner, CHATS, perChat]);
    await database.query(LOAD_MESSAGES, [perChat]);
    const own = await database.query<{ id: string }>(
      testSql('select id from chats where owner_id = $1 order by id limit 200'),
      [ownerId],
    );
    watchedChatIds = own.map(({ id }) => id);
    crowdIds = watchedChatIds.slice(SIZES.length, SIZES.length + 4);
    for (const [position, history] of SIZES.entries()) {
      const chatId = watchedChatIds[position] ?? '';
      await database.query(testSql('delete from chat_messages where chat_id = $1'), [chatId]);
      await database.query(LENGTHEN, [chatId, history]);
      chats.push({ history, chatId });
    }
    await database.query(testSql(index?.text ?? ''), []);
    for (const table of ['chats', 'chat_messages'])
      await database.query(testSql(`vacuum analyze ${table}`), []);
    const seconds = (performance.now() - startedAt) / 1_000;
    console.log(`${CHATS} chats, ${MESSAGES} messages: loaded in ${seconds.toFixed(0)} s`);
  }, 600_000);
  afterAll(() => fixture.close());

  const play = (chatId: string): Promise<ReadonlyMap<string, AskedStatement>> => {
    const { store, ownerId, workerId } = fixture;
    return playHotPath({ store, chatId, ownerId, workerId, watchedChatIds, crowdIds });
  };

  it('uses its indexes', async () => {
    const { database } = fixture.test;
    for (const [name, statement] of await play(chats[1]?.chatId ?? '')) {
      const plans = [await explain(database, statement), await explainGeneric(database, statement)];
      const paths = plans.map((plan) => accessPaths(plan).join(', '));
      console.log(`${name}: ${[...new Set(paths)].join(' | for any values: ')}`);
      for (const path of paths) expect(path).not.toMatch(/all of chat/);
    }
  }, 120_000);

  it('takes as long on a long history as on a short one', async () => {
    const { database } = fixture.test;
    const medians = new Map<string, number[]>();
    for (const { chatId } of chats) {
      const times = new Map<string, number[]>();
      const query = database.query.bind(database);
      const timed = jest.spyOn(database, 'query').mockImplementation(async (statement, values) => {
        const startedAt = performance.now();
        try {
          return await query(statement, values);
        } finally {
          const taken = times.get(statement.name) ?? [];
          times.set(statement.name, [...taken, performance.now() - startedAt]);
        }
      });
      for (let round = 0; round < ROUNDS; round += 1) await play(chatId);
      timed.mockRestore();
      for (const [name, taken] of times)
        medians.set(name, [
          ...(medians.get(name) ?? []),
          taken.sort((a, b) => a - b)[taken.length >> 1] ?? 0,
        ]);
    }
    const rows = [...medians].map(
      ([name, values]) => `${name}: ${values.map((ms) => ms.toFixed(2)).join(' / ')} ms`,
    );
    console.log(`At ${SIZES.join(' / ')} messages of history (median):\n${rows.join('\n')}`);
  }, 300_000);
});
