/**
 * `npm run servers`: brings up Postgres, NATS and Redis of our own, prints their addresses as one line of JSON, and runs
 * until Ctrl-C, when everything is thrown away. DATABASE_URL, NATS_URL and REDIS_URL name servers to use instead.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureInstalled, root } from './install.mjs';

ensureInstalled();
const nx = join(root, 'node_modules/.bin/nx');
const build = spawnSync(nx, ['build', 'local-servers'], {
  cwd: root,
  stdio: ['ignore', 2, 2],
});
if (build.status !== 0) process.exit(1);

const built = pathToFileURL(join(root, 'libs/local-servers/dist/index.js')).href;
const { startLocalServers } = (await import(built)).default;

const stopped = new Promise((resolve) => {
  process.once('SIGINT', resolve);
  process.once('SIGTERM', resolve);
});

try {
  const servers = await startLocalServers({
    databaseUrl: process.env.DATABASE_URL,
    natsUrl: process.env.NATS_URL,
    redisUrl: process.env.REDIS_URL,
    postgres: { settings: { shared_preload_libraries: 'pg_stat_statements' } },
  });
  const { databaseUrl, natsUrl, redisUrl } = servers;
  console.log(JSON.stringify({ database_url: databaseUrl, nats_url: natsUrl, redis_url: redisUrl }));
  const awake = setInterval(() => undefined, 2 ** 30);
  await stopped;
  clearInterval(awake);
  await servers.stop();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
