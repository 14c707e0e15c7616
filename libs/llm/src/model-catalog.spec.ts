import { randomUUID } from 'node:crypto';
import { type Queryable, sql } from '@parley/database';
import { createTestDatabase, eventually, FakeClock, type TestDatabase } from '@parley/testing';
import type { ModelConnection } from './adapters/model-connection';
import { createModelClient } from './create-model-client';
import { CATALOG_TTL_MS, ModelCatalog } from './model-catalog';
import { ProviderConnections } from './transport/provider-connections';

let test: TestDatabase;
let clock: FakeClock;
let reads: number;
/** When set, a read waits for it after Postgres has answered. */
let gate: Promise<void> | undefined;
let connectionsMade: ModelConnection[];
const connections = new ProviderConnections();

const insertOrganization = sql(
  'spec_insert_organization',
  `insert into organizations (id, name, display_name) values ($1, $2, '')`,
);
const insertProvider = sql(
  'spec_insert_provider',
  `insert into chat_providers (id, type, name, base_url, api_key_encrypted, api_key_key_id, enabled)
   values ($1::uuid, $2, $1::uuid::text, 'http://127.0.0.1:1/v1', $3, $4, $5)`,
);
const insertModel = sql(
  'spec_insert_model',
  `insert into chat_model_configs (id, organization_id, ai_provider_id, model, display_name, context_limit, compression_threshold, options, enabled)
   values ($1, $2, $3, 'gpt-5', '', 1000, 70, $4, $5)`,
);
const renameModel = sql('spec_rename_model', 'update chat_model_configs set model = $2 where id = $1');

beforeAll(async () => {
  test = await createTestDatabase();
});

afterAll(async () => {
  connections.close();
  await test.drop();
});

beforeEach(() => {
  clock = new FakeClock();
  reads = 0;
  gate = undefined;
  connectionsMade = [];
});

function catalog(): ModelCatalog {
  const database: Queryable = {
    async query<Row>(statement: Parameters<Queryable['query']>[0], values: readonly unknown[]) {
      const wait = gate;
      const rows = await test.database.query<Row>(statement, values);
      reads += 1;
      await wait;
      return rows;
    },
  };
  return new ModelCatalog({
    database,
    clock,
    decryptSecret: ({ encrypted, keyId, userId }) => {
      if (keyId === 'lost') throw new Error('no such key');
      return [encrypted.toString(), keyId, ...(userId === undefined ? [] : [userId])].join(':');
    },
    createClient: (connection) => {
      connectionsMade.push(connection);
      return createModelClient(connection, { connections });
    },
  });
}

interface Given {
  readonly type?: string;
  readonly key?: string | null;
  readonly keyId?: string;
  readonly providerEnabled?: boolean;
  readonly enabled?: boolean;
  readonly options?: object;
}

async function givenModel(given: Given = {}): Promise<{ id: string; providerId: string }> {
  const [organizationId, providerId, id] = [randomUUID(), randomUUID(), randomUUID()];
  const { database } = test;
  const key = given.key === undefined ? 'secret' : given.key;
  await database.query(insertOrganization, [organizationId, organizationId]);
  await database.query(insertProvider, [
    providerId,
    given.type ?? 'openai',
    key === null ? null : Buffer.from(key),
    key === null ? null : (given.keyId ?? 'k1'),
    given.providerEnabled ?? true,
  ]);
  await database.query(insertModel, [
    id,
    organizationId,
    providerId,
    JSON.stringify(given.options ?? {}),
    given.enabled ?? true,
  ]);
  return { id, providerId };
}

it('resolves a model with its decrypted key, once a minute', async () => {
  const { id, providerId } = await givenModel({ options: { temperature: 0.5, use_responses_api: false } });
  const models = catalog();
  const model = await models.resolve(id);
  expect(model).toMatchObject({
    modelConfigId: id,
    providerId,
    provider: 'openai',
    modelName: 'gpt-5',
    contextLimit: 1_000,
    callConfig: { temperature: 0.5 },
  });
  expect(connectionsMade).toEqual([expect.objectContaining({ apiKey: 'secret:k1', useResponsesApi: false })]);
  await clock.advance(CATALOG_TTL_MS - 1);
  expect(await models.resolve(id)).toBe(model);
  await clock.advance(1);
  expect(await models.resolve(id)).not.toBe(model);
  expect(reads).toBe(2);
});

it('reads once for all who ask at the same time', async () => {
  const { id } = await givenModel();
  const models = catalog();
  await Promise.all(Array.from({ length: 50 }, () => models.resolve(id)));
  expect(reads).toBe(1);
});

it.each(['model', 'provider', 'everything'])('forgets at once when the %s changes', async (what) => {
  const { id, providerId } = await givenModel();
  const models = catalog();
  await models.resolve(id);
  await test.database.query(renameModel, [id, 'gpt-6']);
  models.invalidate(randomUUID());
  expect((await models.resolve(id)).modelName).toBe('gpt-5');
  models.invalidate({ model: id, provider: providerId, everything: undefined }[what]);
  expect((await models.resolve(id)).modelName).toBe('gpt-6');
});

it('never keeps what a slow read brings after an invalidation', async () => {
  const { id } = await givenModel();
  const models = catalog();
  let open = () => {};
  gate = new Promise((resolve) => {
    open = resolve;
  });
  const slow = models.resolve(id);
  await eventually(() => expect(reads).toBe(1));
  await test.database.query(renameModel, [id, 'gpt-6']);
  models.invalidate(id);
  gate = undefined;
  expect((await models.resolve(id)).modelName).toBe('gpt-6');
  open();
  await slow;
  expect((await models.resolve(id)).modelName).toBe('gpt-6');
});

it.each<[string, Given, string]>([
  ['a provider without a key', { key: null }, 'missing_key'],
  ['a key that nobody can decrypt', { keyId: 'lost' }, 'missing_key'],
  ['a disabled provider', { providerEnabled: false }, 'provider_disabled'],
  ['a disabled model', { enabled: false }, 'config'],
  ['options that are none', { options: { temperature: 'hot' } }, 'config'],
])('refuses %s, and asks again the next time', async (_what, given, kind) => {
  const { id } = await givenModel(given);
  const models = catalog();
  await expect(models.resolve(id)).rejects.toMatchObject({ kind, retryable: false });
  await expect(models.resolve(id)).rejects.toMatchObject({ kind });
  expect(reads).toBe(2);
});

it('refuses an unknown model', async () => {
  await expect(catalog().resolve(randomUUID())).rejects.toMatchObject({ kind: 'config' });
});

describe('where a provider takes keys of users', () => {
  const insertUser = sql('spec_insert_user', `insert into users (id, email, username) values ($1, $2, $2)`);
  const insertKey = sql(
    'spec_insert_user_key',
    `insert into user_chat_provider_keys (user_id, provider_id, api_key_encrypted, api_key_key_id) values ($1, $2, 'own', 'k1')`,
  );
  const setPolicy = sql(
    'spec_set_policy',
    `update chat_providers set allow_user_api_key = true, allow_central_api_key_fallback = $2 where id = $1`,
  );
  const newUser = async () => {
    const userId = randomUUID();
    await test.database.query(insertUser, [userId, userId]);
    return userId;
  };
  const keysUsed = () => connectionsMade.map(({ apiKey }) => apiKey);

  it('a model is called with the key of its user, read once a minute', async () => {
    const { id, providerId } = await givenModel();
    await test.database.query(setPolicy, [providerId, true]);
    const [owner, other] = [await newUser(), await newUser()];
    await test.database.query(insertKey, [owner, providerId]);
    const models = catalog();
    const [model] = await Promise.all([models.resolve(id, owner), models.resolve(id, owner)]);
    expect(reads).toBe(2);
    await models.resolve(id, other);
    expect(keysUsed()).toEqual([`own:k1:${owner}`, 'secret:k1']);
    expect(await models.resolve(id, owner)).toBe(model);
    expect(reads).toBe(3);
    models.invalidate(owner);
    expect(await models.resolve(id, owner)).not.toBe(model);
    expect(reads).toBe(4);
  });

  it('who has none is refused without a fallback, until the key is there', async () => {
    const { id, providerId } = await givenModel();
    await test.database.query(setPolicy, [providerId, false]);
    const userId = await newUser();
    const models = catalog();
    await expect(models.resolve(id, userId)).rejects.toMatchObject({ kind: 'missing_key' });
    await expect(models.resolve(id)).rejects.toMatchObject({ kind: 'missing_key' });
    await test.database.query(insertKey, [userId, providerId]);
    await models.resolve(id, userId);
    expect(keysUsed()).toEqual([`own:k1:${userId}`]);
  });
});
