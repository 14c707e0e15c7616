/** Everything in one process, as `npm start` runs it, on a Postgres that can be measured. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PostgresServer } from '@parley/local-servers';
import { startBuiltProgram } from './built-program';
import { startMock } from './mock-process';
import type { SpawnOptions } from './spawn-options';
import { Stack } from './stack';
import type { Target } from './target';
import { turnsAlone } from './turns-alone';

export async function spawnStandalone(options: SpawnOptions): Promise<Target> {
  const stack = new Stack();
  try {
    const directory = await mkdtemp(join(tmpdir(), 'parley-scaletest-'));
    stack.defer(() => rm(directory, { recursive: true, force: true }));
    const postgres = await PostgresServer.start({
      isDurable: options.isDurable,
      settings: { shared_preload_libraries: 'pg_stat_statements' },
    });
    stack.defer(() => postgres.stop());
    const mock = await startMock(options.logDirectory, options.ledgerEntries);
    stack.defer(() => mock.stop());
    const parley = await startBuiltProgram({
      name: 'Parley',
      packageName: '@parley/standalone',
      argsFor: () => ['--json'],
      envFor: (port) => ({
        NODE_ENV: 'production',
        PORT: String(port),
        DATABASE_URL: postgres.url,
        PARLEY_DATA_DIR: directory,
        DEBUG_ENDPOINTS: String(options.isDebuggable),
        ...turnsAlone(options),
      }),
      logFile: join(options.logDirectory, 'standalone.log'),
      readyLine: /"token":/,
    });
    stack.defer(() => parley.stop());
    const url = `http://127.0.0.1:${parley.port}`;
    return {
      kind: 'standalone',
      apiUrls: [url],
      streamUrls: [url],
      token: await readToken(join(directory, 'credentials.json')),
      mockUrl: `http://127.0.0.1:${mock.port}`,
      databaseUrl: postgres.url,
      natsMonitorUrl: undefined,
      metricsUrls: { standalone: [url] },
      processes: () => ({
        standalone: pidsOf(parley),
        postgres: pidsOf(postgres),
        mock: pidsOf(mock),
        generator: [process.pid],
      }),
      topology: { standalone: 1, postgres_fsync: options.isDurable, titles: options.hasTitles },
      chaos: undefined,
      stop: () => stack.unwind(),
    };
  } catch (error) {
    await stack.unwind();
    throw error;
  }
}

const pidsOf = ({ pid }: { readonly pid: number | undefined }): number[] => (pid === undefined ? [] : [pid]);

async function readToken(path: string): Promise<string> {
  return (JSON.parse(await readFile(path, 'utf8')) as { token: string }).token;
}
