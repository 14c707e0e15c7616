/**
 * Once per run of jest: brings up Postgres, NATS and Redis for the specs, which get their addresses from testServers() of
 * @parley/testing. DATABASE_URL, NATS_URL and REDIS_URL name servers to use instead. The database the specs clone is
 * made by the first spec that wants one. Imported by path, because jest loads this file without its own resolver.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LocalServers, startLocalServers } from '../../libs/local-servers/src';

declare global {
  var parleyTestServers: LocalServers | undefined;
}

export default async function globalSetup(): Promise<void> {
  const servers = await startLocalServers({
    databaseUrl: process.env['DATABASE_URL'],
    natsUrl: process.env['NATS_URL'],
    redisUrl: process.env['REDIS_URL'],
    postgres: { maxConnections: 300 },
  });
  globalThis.parleyTestServers = servers;
  process.env['PARLEY_TEST_DATABASE_URL'] = servers.databaseUrl;
  process.env['PARLEY_TEST_NATS_URL'] = servers.natsUrl;
  process.env['PARLEY_TEST_REDIS_URL'] = servers.redisUrl;
  process.env['PARLEY_TEST_TEMPLATE'] = `parley_template_${migrationsHash()}`;
}

/** On a server that was given the template stays, for the next run with the same migrations. */
function migrationsHash(): string {
  const directory = join(__dirname, '../../migrations/src');
  const hash = createHash('sha256');
  for (const file of readdirSync(directory).sort())
    hash.update(file).update(readFileSync(join(directory, file)));
  return hash.digest('hex').slice(0, 12);
}
