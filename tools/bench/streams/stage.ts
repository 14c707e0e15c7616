/** Chats and people by the thousand, relays as processes on a monitored bus, and the worker that makes some of the chats talk. */
import { send } from '@parley/chat-state';
import { sql } from '@parley/database';
import { NatsServer } from '@parley/local-servers';
import { RelayFixture, type TestWorker, textOf } from '../../../apps/stream-relay/src/testing/relay-fixture';
import { RelayProcess } from './relay-process';

const CHATS = sql(
  'bench_chats',
  `with made as (
  insert into chats (organization_id, owner_id, last_model_config_id, status, version, history_version)
  select c.organization_id, coalesce(($3::uuid[])[n], c.owner_id), c.last_model_config_id, 'waiting', 2, 2 from chats c, generate_series(1, $2::int) n
  where c.id = $1 returning id, owner_id)
insert into chat_messages (chat_id, revision, role, content)
select made.id, n, case n when 1 then 'user' else 'assistant' end, jsonb_build_array(jsonb_build_object('type', 'text', 'text', 'Hello'))
from made, generate_series(1, 2) n
returning chat_id, (select owner_id from made where made.id = chat_id) as owner_id`,
);

/** People who may see all chats, each with a token of their own: 22 letters and digits after the id. */
const PEOPLE = sql(
  'bench_people',
  `with made as (
  insert into users (email, username, name, is_admin)
  select 'viewer-' || n || '@acme.test', 'viewer-' || n, 'Viewer', true from generate_series(1, $1::int) n returning id, username),
keys as (
  select id, 'k' || lpad(split_part(username, '-', 2), 9, '0') as key, md5(id::text) as secret from made),
made_keys as (
  insert into api_keys (id, user_id, hashed_secret, token_name, kind, expires_at)
  select key, id, sha256(convert_to(secret, 'UTF8')), 'bench', 'token', now() + interval '1 day' from keys)
select id, key || '-' || secret as token from keys order by key`,
);

/** By subject: how often each connection that is subscribed to it is. */
export type Subscriptions = ReadonlyMap<string, readonly number[]>;

export interface Person {
  readonly id: string;
  readonly token: string;
}

export class Stage {
  private readonly relays: RelayProcess[] = [];
  private readonly owners = new Map<string, string>();

  private constructor(
    private readonly nats: NatsServer,
    readonly fixture: RelayFixture,
    readonly token: string,
    private readonly chat: string,
  ) {}

  static async build(): Promise<Stage> {
    const nats = await NatsServer.start({ isMonitored: true });
    // The fixture takes the bus of the run, which is not monitored.
    process.env['PARLEY_TEST_NATS_URL'] = nats.url;
    const fixture = await RelayFixture.create('NATS');
    return new Stage(nats, fixture, await fixture.token(), await fixture.chat());
  }

  async relay(): Promise<RelayProcess> {
    const relay = await RelayProcess.start({ databaseUrl: this.fixture.test.url, natsUrl: this.nats.url });
    this.relays.push(relay);
    return relay;
  }

  /** Administrators, who may see every chat. */
  people(count: number): Promise<Person[]> {
    return this.fixture.test.database.query<Person>(PEOPLE, [count]);
  }

  /** Chats at rest, with a question and an answer; of these people, and then of one and the same. */
  async chats(count: number, owners: readonly Person[] = []): Promise<string[]> {
    const values = [this.chat, count, owners.map(({ id }) => id)];
    const rows = await this.fixture.test.database.query<{ chat_id: string; owner_id: string }>(CHATS, values);
    for (const { chat_id: chatId, owner_id: ownerId } of rows) this.owners.set(chatId, ownerId);
    return [...new Set(rows.map(({ chat_id }) => chat_id))];
  }

  /** Who is subscribed to the chat's subjects, as NATS itself tells: of each subject, how often each connection that is at all. */
  async subscriptions(chatId: string): Promise<Subscriptions> {
    const response = await fetch(`${this.nats.monitorUrl}/connz?subs=1&limit=4096`);
    const { connections } = (await response.json()) as {
      connections: readonly { subscriptions_list?: readonly string[] }[];
    };
    const held = new Map<string, number[]>();
    for (const { subscriptions_list: subjects = [] } of connections) {
      const own = subjects.filter((subject) => subject.startsWith(`chat.${chatId}.`));
      for (const subject of new Set(own)) {
        const times = own.filter((other) => other === subject).length;
        held.set(subject, [...(held.get(subject) ?? []), times]);
      }
    }
    return held;
  }

  /** A turn of that many parts, one every so often; resolves when it has ended. */
  async turn(chatId: string, { parts, everyMs }: { parts: number; everyMs: number }): Promise<void> {
    const worker = await this.fixture.worker();
    const ownerId = this.owners.get(chatId) ?? this.fixture.ownerId;
    const message = { chatId, ownerId, content: textOf('Go on'), busyBehavior: 'queue' as const };
    const sent = await send(this.fixture.store, message);
    if (!sent.ok) throw new Error(sent.reason);
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
    await this.nats.stop();
  }
}
