/** What every spec of chat-state stands on: a database of its own with an organization, an owner, a model and a worker, and a bus. */
import { randomUUID } from 'node:crypto';
import { createInProcessBus, type Bus } from '@parley/bus';
import type { MessagePart, Subject } from '@parley/contracts';
import { sql, type SqlStatement } from '@parley/database';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { renewLease } from '../worker-lease';
import type { ChatStore } from '../types';

/** What was published on a subject that matches, in order; wait with eventually(), since the bus delivers later. */
export interface Inbox<Payload> {
  subjects: string[];
  payloads: Payload[];
}

export async function listen<Payload>(bus: Bus, subject: Subject<Payload>): Promise<Inbox<Payload>> {
  const inbox: Inbox<Payload> = { subjects: [], payloads: [] };
  await bus.subscribe(subject, (payload, context) => {
    inbox.subjects.push(context.subject);
    inbox.payloads.push(payload);
  });
  return inbox;
}

export interface Fixture {
  store: ChatStore;
  test: TestDatabase;
  organizationId: string;
  ownerId: string;
  strangerId: string;
  modelConfigId: string;
  otherModelConfigId: string;
  /** Holds a lease of an hour. */
  workerId: string;
  /** Its lease ended long ago. */
  deadWorkerId: string;
  close(): Promise<void>;
}

/** A statement of a test's own: unnamed, so that texts may differ from call to call. */
export const testSql = (text: string): SqlStatement => ({ name: '', text });

export const textContent = (text: string): MessagePart[] => [{ type: 'text', text }];

const SEED = sql(
  'seed_fixture',
  `with o as (insert into organizations (name, display_name) values ('acme', 'Acme') returning id),
u as (insert into users (email, username) values ('ann@acme.test', 'ann'), ('bob@acme.test', 'bob') returning id),
p as (insert into chat_providers (type, name) values ('openai', 'mock') returning id),
m as (insert into chat_model_configs (organization_id, ai_provider_id, model, context_limit, compression_threshold)
  select o.id, p.id, model, 100000, 70 from o, p, unnest(array['one', 'two']) model returning id)
select (select id from o) as organization_id, (select jsonb_agg(id) from u) as users, (select jsonb_agg(id) from m) as models`,
);

export async function createFixture(options: { poolSize?: number } = {}): Promise<Fixture> {
  const test = await createTestDatabase(options);
  const bus = createInProcessBus();
  const store: ChatStore = { database: test.database, bus };
  const [seed] = await test.database.query<{
    organization_id: string;
    users: [string, string];
    models: [string, string];
  }>(SEED, []);
  if (seed === undefined) throw new Error('The seed returned no row');
  const workerId = randomUUID();
  const deadWorkerId = randomUUID();
  await renewLease(test.database, { workerId, hostname: 'alive', leaseMs: 3_600_000 });
  await renewLease(test.database, { workerId: deadWorkerId, hostname: 'dead', leaseMs: -3_600_000 });
  return {
    store,
    test,
    organizationId: seed.organization_id,
    ownerId: seed.users[0],
    strangerId: seed.users[1],
    modelConfigId: seed.models[0],
    otherModelConfigId: seed.models[1],
    workerId,
    deadWorkerId,
    async close() {
      await bus.drain();
      await test.drop();
    },
  };
}
