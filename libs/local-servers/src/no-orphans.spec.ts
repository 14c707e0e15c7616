/**
 * However the process that started a server ends, the server and its directory go too. A process of its own is needed to
 * end in those ways, so the sources are compiled to a directory below the checkout, where they find their packages.
 */
import { transformFileSync } from '@swc/core';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const checkout = join(__dirname, '../../..');
let compiled = '';

beforeAll(async () => {
  await mkdir(join(checkout, '.cache'), { recursive: true });
  compiled = await mkdtemp(join(checkout, '.cache/no-orphans-'));
  for (const file of await readdir(__dirname, { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.spec.ts')) continue;
    const { code } = transformFileSync(join(__dirname, file), {
      configFile: join(checkout, '.swcrc'),
      sourceMaps: false,
    });
    const target = join(compiled, file.replace(/\.ts$/, '.js'));
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, code);
  }
});
afterAll(() => rm(compiled, { recursive: true, force: true }));

interface Hosted {
  pids: number[];
  scratch: string[];
}

interface Host {
  servers: readonly ('PostgresServer' | 'RedisServer')[];
  /** What the process does once they run. */
  ending: string;
  signal?: NodeJS.Signals;
}

/** Runs a process that starts servers; resolves when that process has gone. */
async function host({ servers, ending, signal }: Host): Promise<Hosted> {
  const scratch = await mkdtemp(join(compiled, 'tmp-'));
  const script = `
    const library = require(${JSON.stringify(join(compiled, 'index.js'))});
    Promise.all(${JSON.stringify(servers)}.map((name) => library[name].start())).then((servers) => {
      console.log(JSON.stringify(servers.map(({ pid }) => pid)));
      ${ending}
    });`;
  const child = spawn(process.execPath, ['-e', script], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, TMPDIR: scratch },
  });
  const exited = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const directories = (await readdir(scratch)).map((name) => join(scratch, name));
  if (signal !== undefined) child.kill(signal);
  await exited;
  return { pids: JSON.parse(line.toString()) as number[], scratch: directories };
}

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

async function expectGone({ pids, scratch }: Hosted): Promise<void> {
  expect(pids).not.toEqual([]);
  expect(scratch).toHaveLength(pids.length);
  const givesUpAt = performance.now() + 10_000;
  while (pids.some(isAlive) || scratch.some((directory) => existsSync(directory))) {
    if (performance.now() > givesUpAt) break;
    await delay(20);
  }
  expect(pids.filter(isAlive)).toEqual([]);
  expect(scratch.filter((directory) => existsSync(directory))).toEqual([]);
}

const stayAlive = 'setInterval(() => undefined, 1000);';

describe('no server outlives the process that started it', () => {
  it('when that process is killed without warning, be it Postgres with its children', async () => {
    await expectGone(
      await host({ servers: ['PostgresServer', 'RedisServer'], ending: stayAlive, signal: 'SIGKILL' }),
    );
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('when that process dies of %s', async (signal) => {
    await expectGone(await host({ servers: ['RedisServer'], ending: stayAlive, signal }));
  });

  it.each([
    ['throws what nobody catches', `setTimeout(() => { throw new Error('unexpected'); }, 100);`],
    ['exits without a stop', 'setTimeout(() => process.exit(0), 100);'],
    ['has nothing more to do', 'setTimeout(() => undefined, 100);'],
  ])('when that process %s', async (_, ending) => {
    await expectGone(await host({ servers: ['RedisServer'], ending }));
  });
});
