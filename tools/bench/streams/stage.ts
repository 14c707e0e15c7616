/** Chats by the thousand, relays as processes, and the worker that makes some of the chats talk. */
import { sql } from '@parley/database';
import { testServers } from '@parley/testing';
import { RelayFixture, TestWorker } from '../../../apps/stream-relay/src/testing/relay-fixture';
import { RelayProcess } from './relay-process';

const CHATS = sql(
  'bench_chats',
  `with made as (
  insert into chats (organization_id, owner_id, last_model_config_id, status, version, history_version)
  select c.organization_id, c.owner_id, c.last_model_config_id, 'waiting', 2, 2 from chats c, generate_series(1, $2::int)
  where c.id = $1 returning id)
insert into chat_messages (chat_id, revision, role, content)
select made.id, n, case n when 1 then 'user' else 'assistant' end, jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'Hello'))
from made, generate_series(1, 2) n returning chat_id`,
);

export class Stage {
  private readonly relays: RelayProcess[] = [];

  private constructor(
    readonly fixture: RelayFixture,
    readonly token: string,
    private readonly chat: string,
  ) {}

  static async build(): Promise<Stage> {
    const fixture = await RelayFixture.create('NATS');
    return new Stage(fixture, await fixture.token(), await fixture.chat());
  }

  async relay(): Promise<RelayProcess> {
    const { natsUrl } = testServers();
    const relay = await RelayProcess.start({ databaseUrl: this.fixture.test.url, natsUrl });
    this.relays.push(relay);
    return relay;
  }

  /** Chats at rest, with a question and an answer. */
  async chats(count: number): Promise<string[]> {
    const rows = await this.fixture.test.database.query<{ chat_id: string }>(CHATS, [this.chat, count]);
    return [...new Set(rows.map(({ chat_id }) => chat_id))];
  }

  /** A turn of that many parts, one every so often; resolves when it has ended. */
  async turn(chatId: string, { parts, everyMs }: { parts: number; everyMs: number }): Promise<void> {
    const worker = await this.fixture.worker();
    await this.fixture.send(chatId, 'Go on');
    await worker.take(chatId);
    await this.talk(worker, { parts, everyMs });
    await worker.finish('All of it');
  }

  async talk(worker: TestWorker, { parts, everyMs }: { parts: number; everyMs: number }): Promise<void> {
    for (let part = 0; part < parts; part += 1) {
      worker.stream(`word ${part} `);
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }

  async clear(): Promise<void> {
    for (const relay of this.relays) await relay.stop();
    await this.fixture.close();
  }
}
