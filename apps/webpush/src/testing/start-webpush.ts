/** A webpush replica for tests, on whatever bus and store it is given. */
import { connectNats, type Bus } from '@parley/bus';
import { subjects, type WebpushSubscribeReply } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { createLogger, loadConfig, Metrics } from '@parley/service';
import { webpushSettings } from '../config';
import { createWebpushApp, type WebpushApp, type WebpushDependencies } from '../webpush-app';
import type { Browser } from './push-service';

export const testSecretBox = SecretBox.fromKeys([Buffer.alloc(32, 7)]);

export interface TestWebpush {
  readonly app: WebpushApp;
  readonly logs: string[];
  readonly metrics: Metrics;
  stop(): Promise<void>;
}

export async function startWebpush(
  parts: Pick<WebpushDependencies, 'database' | 'bus' | 'keyValue'> & Partial<WebpushDependencies>,
  env: Record<string, string> = {},
): Promise<TestWebpush> {
  const logs: string[] = [];
  const logger = createLogger({
    name: 'webpush-test',
    level: 'info',
    destination: { write: (line: string) => void logs.push(line) },
  });
  const metrics = new Metrics();
  const config = loadConfig(webpushSettings, { env: { WEBPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true', ...env } });
  const app = createWebpushApp({ secretBox: testSecretBox, logger, metrics, config, ...parts });
  await app.start(null);
  return { app, logs, metrics, stop: () => app.stop() };
}

const insertUser = sql(
  'webpush_test_user',
  `insert into users (email, username) values (gen_random_uuid()::text, gen_random_uuid()::text) returning id`,
);

export async function addUser(database: Database): Promise<string> {
  const [row] = await database.query<{ id: string }>(insertUser, []);
  if (row === undefined) throw new Error('no user');
  return row.id;
}

export async function publicKeyOf(bus: Bus): Promise<string> {
  return (await bus.request(subjects.webpushKey(), {}, { timeoutMs: 20_000 })).public_key;
}

/** As the gateway asks. */
export function subscribe(bus: Bus, userId: string, browser: Browser): Promise<WebpushSubscribeReply> {
  const request = { ...browser.subscription, user_id: userId };
  return bus.request(subjects.webpushSubscribe(), request, { timeoutMs: 10_000 });
}

/** A connection of one replica alone. */
export function connect(url: string, name: string): Promise<Bus> {
  return connectNats({ url, name, validate: true });
}
