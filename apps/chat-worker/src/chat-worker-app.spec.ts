import { randomBytes } from 'node:crypto';
import { interrupt } from '@parley/chat-state';
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { PROVIDER_KEY_CONTEXT, SecretBox } from '@parley/identity';
import { ConfigError, createLogger, loadConfig, Metrics } from '@parley/service';
import { eventually } from '@parley/testing';
import { createChatWorkerApp, type ChatWorkerApp } from './chat-worker-app';
import { chatWorkerConfig, workerConfig } from './config';
import { Harness } from './testing/harness';

const sealKeys = sql(
  'test_seal_keys',
  'update chat_providers set api_key_encrypted = $1, api_key_key_id = $2',
);
const disableModels = sql('test_disable_models', 'update chat_model_configs set enabled = $1');

let harness: Harness;
let app: ChatWorkerApp;
let url = '';

beforeAll(async () => {
  harness = await Harness.open();
  const secretBox = SecretBox.fromKeys([randomBytes(32)]);
  const { ciphertext, keyId } = secretBox.seal('any-key', PROVIDER_KEY_CONTEXT);
  await harness.store.database.query(sealKeys, [ciphertext, keyId]);
  app = createChatWorkerApp({
    database: harness.testDatabase.database,
    bus: harness.bus,
    secretBox,
    logger: createLogger({ name: 'test', level: 'silent' }),
    metrics: new Metrics(),
    config: loadConfig(workerConfig, { env: {} }),
  });
  await app.start({ host: '127.0.0.1', port: 0 });
  url = await app.url();
});

afterAll(async () => {
  await app.stop(0);
  await harness.close();
});

describe('the app of the chat worker', () => {
  it('is alive and ready while it holds its lease', async () => {
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
  });

  it('runs turns and shows them in its metrics, with the statements it sent', async () => {
    const chatId = await harness.createChat({ reply: 'counted' });
    await harness.until(chatId, 'waiting');
    const text = await eventually(async () => {
      const scraped = await (await fetch(`${url}/metrics`)).text();
      if (!/^parley_turns_total 1$/m.test(scraped)) throw new Error(scraped);
      return scraped;
    });
    expect(text).toMatch(/^parley_sql_statements_total\{statement="finish_turn"\} 1$/m);
    expect(text).toMatch(/^parley_first_part_seconds_count 1$/m);
    expect(text).toMatch(/^parley_acquired_chats_total\{by="\w+"\} 1$/m);
    expect(text).toMatch(/^parley_owned_chats 1$/m);
  });

  it('reads the settings of a user once for many turns, and anew when the bus says that they changed', async () => {
    const turn = async () => harness.until(await harness.createChat({ reply: 'said' }), 'waiting');
    const reads = async () => {
      const scraped = await (await fetch(`${url}/metrics`)).text();
      return Number(/statement="chat_settings_select_user"\} (\d+)$/m.exec(scraped)?.[1] ?? 0);
    };
    await turn();
    const before = await reads();
    await turn();
    expect(await reads()).toBe(before);
    harness.bus.publish(subjects.configChanged('chat_settings'), { id: harness.ownerId });
    await eventually(async () => {
      await turn();
      expect(await reads()).toBeGreaterThan(before);
    });
  });

  it('notices at once that a model was changed', async () => {
    await harness.store.database.query(disableModels, [false]);
    harness.bus.publish(subjects.configChanged('models'), {});
    await eventually(async () => {
      const chatId = await harness.createChat({ reply: 'anything' });
      const failed = await harness.until(chatId, 'error');
      expect(failed.lastError?.kind).toBe('config');
    });
    await harness.store.database.query(disableModels, [true]);
  });
});

describe('the app of the chat worker while it stops', () => {
  it('is alive but not ready, until its steps under way have ended', async () => {
    const chatId = await harness.createChat({ reply: 'word '.repeat(400), chunk_count: 400, chunk_ms: 10 });
    await harness.partsOf(chatId, 1);
    const stopped = app.stop(20_000);
    const ready = await fetch(`${url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([503, { status: 'stopping', failing: [] }]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    expect((await harness.head(chatId)).status).toBe('running');
    await interrupt(harness.store, { chatId });
    await stopped;
    expect((await harness.texts(chatId))[1]?.[1]).toMatch(/^word /);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  });
});

describe('the configuration of the chat worker', () => {
  it.each(['0', '1001', '10x', '', ' 5'])('refuses a batch size of "%s" by name', (value) => {
    const load = (): unknown => loadConfig(workerConfig, { env: { CHAT_ACQUIRE_BATCH_SIZE: value } });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow('CHAT_ACQUIRE_BATCH_SIZE');
  });

  it('takes 10 chats at a time unless told otherwise', () => {
    expect(loadConfig(workerConfig, { env: {} }).chatAcquireBatchSize).toBe(10);
    expect(loadConfig(workerConfig, { env: { CHAT_ACQUIRE_BATCH_SIZE: '1000' } }).chatAcquireBatchSize).toBe(
      1000,
    );
  });

  it('does not start without a database, a bus and a key', () => {
    expect(() => loadConfig(chatWorkerConfig, { env: {} })).toThrow(
      /DATABASE_URL[^]*NATS_URL[^]*PARLEY_ENCRYPTION_KEY/,
    );
  });
});
