/**
 * What Postgres spends on a plain follow-up turn: `send` and `finish_turn`, over one connection, and beside it the floor of the scaletest, two plain
 * commits a turn by pgbench. Not part of the tests:
 *   npx jest --testMatch '**\/backend-cpu.bench.ts'
 * Turns by BENCH_TURNS (default 4,000, over 100 chats, in blocks). Takes about half a minute.
 *
 * CPU is that of the one backend that runs the statements, and of the floor that of all backends, as the kernel counts it in ticks of 10 ms: the
 * checkpointer and the writers of Postgres are not in the first and all but idle in the second. Commits do not wait for the disk, as in all tests.
 */
import { loadavg } from 'node:os';
import { type ChatHead, finishTurn, send } from '@parley/chat-state';
import { measureCommits } from '../../../apps/scaletest/src/floor/commits';
import { readProcStat } from '../../../apps/scaletest/src/measure/proc-stat';
import { acquire } from '../../../libs/chat-state/src/transitions/acquire';
import {
  createFixture,
  testSql,
  textContent,
  type Fixture,
} from '../../../libs/chat-state/src/testing/fixture';
import { insertFilledChat } from '../long-chats/filled-chat';

const TURNS = Number(process.env['BENCH_TURNS'] ?? 4_000);
const CHATS = 100;
const HISTORY = 10;
const BLOCKS = 8;
const QUESTION = textContent('Go on.');
const ANSWER = { role: 'assistant' as const, content: textContent('x'.repeat(400)) };

class OwnedChats {
  private constructor(
    private readonly fixture: Fixture,
    private readonly chats: ChatHead[],
  ) {}

  /** Each at rest with its worker, as after a turn. */
  static async make(fixture: Fixture): Promise<OwnedChats> {
    const { organizationId, modelConfigId, ownerId, workerId, store, test } = fixture;
    const owned = new OwnedChats(fixture, []);
    for (let made = 0; made < CHATS; made += 1) {
      const chat = { organizationId, modelConfigId, messages: HISTORY };
      const chatId = await insertFilledChat(test.database, chat);
      await test.database.query(testSql('update chats set owner_id = $2 where id = $1'), [chatId, ownerId]);
      await owned.ask(chatId);
      const taken = await acquire(store, { workerId, chatId });
      if (taken === null) throw new Error('Nothing to acquire');
      owned.chats.push(await owned.answer(taken));
    }
    return owned;
  }

  /** Turns of as many chats at once: those that wait for the connection go as one statement. */
  async turns(count: number, atOnce = 1): Promise<void> {
    for (let turn = 0; turn < count; turn += atOnce)
      await Promise.all(
        Array.from({ length: atOnce }, (_, of) => this.turn((turn + of) % this.chats.length)),
      );
  }

  private async turn(index: number): Promise<void> {
    const asked = await this.ask(this.chats[index]?.id ?? '');
    this.chats[index] = await this.answer(asked);
  }

  private async ask(chatId: string): Promise<ChatHead> {
    const { store, ownerId } = this.fixture;
    const sent = await send(store, { chatId, ownerId, content: QUESTION, busyBehavior: 'queue' });
    if (!sent.ok) throw new Error(sent.reason);
    return sent.chat;
  }

  private async answer({ id, runnerId, historyVersion }: ChatHead): Promise<ChatHead> {
    const fence = { chatId: id, runnerId: runnerId ?? '', historyVersion };
    const done = await finishTurn(this.fixture.store, { fence, messages: [ANSWER] });
    if (!done.ok) throw new Error(done.reason);
    return done.chat;
  }
}

test('the processor time of Postgres for a plain follow-up turn, and for two plain commits', async () => {
  const fixture = await createFixture({ poolSize: 1 });
  try {
    const { database, url } = fixture.test;
    const backendOf = testSql('select pg_backend_pid() as pid');
    const owned = await OwnedChats.make(fixture);
    await owned.turns(CHATS * 5);
    const [backend] = await database.query<{ pid: number }>(backendOf, []);
    const stat = () => readProcStat(backend?.pid ?? 0);
    const measure = async (atOnce: number): Promise<string> => {
      const costs: number[] = [];
      for (let block = 0; block < BLOCKS; block += 1) {
        const before = stat()?.cpuMs ?? NaN;
        await owned.turns(TURNS / BLOCKS, atOnce);
        costs.push(((stat()?.cpuMs ?? NaN) - before) / (TURNS / BLOCKS));
      }
      costs.sort((a, b) => a - b);
      expect(costs.every((ms) => ms > 0)).toBe(true);
      return `${costs[BLOCKS >> 1]?.toFixed(2)} (${costs[0]?.toFixed(2)} to ${costs.at(-1)?.toFixed(2)})`;
    };
    const costs = [];
    for (const atOnce of [1, 2, 5, 10, 50]) costs.push(`${atOnce} at once ${await measure(atOnce)}`);
    const [still] = await database.query<{ pid: number }>(backendOf, []);
    expect(still?.pid).toBe(backend?.pid);
    const floor = await measureCommits({
      databaseUrl: url,
      postgresPid: stat()?.parentPid,
      signal: new AbortController().signal,
    });
    const floors = floor.map(
      ({ by, clients, postgres_cpu_ms_per_turn: ms }) => `${clients} clients ${ms ?? '-'} (${by})`,
    );
    console.log(
      `send and finish_turn: ms of backend CPU a turn, the median of ${BLOCKS} blocks: ${costs.join(', ')}; two plain commits: ${floors.join(', ')}; load average ${loadavg()[0]?.toFixed(1)}`,
    );
  } finally {
    await fixture.close();
  }
}, 300_000);
