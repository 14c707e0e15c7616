import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ServerStartError } from './errors';
import { findFreePort } from './free-port';
import { ServerProcess, type ServerProgram } from './server-process';

const listens = (port: number): string => `
  const server = require('node:net').createServer();
  server.on('error', (error) => { console.error(error.message); process.exit(1); });
  server.listen(${port}, '127.0.0.1', () => console.log('it is ready'));`;

let directory = '';
const running: ServerProcess[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'parley-spec-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  await rm(directory, { recursive: true, force: true });
});

const program = (script: (port: number) => string, more: Partial<ServerProgram> = {}): ServerProgram => ({
  name: 'Echo',
  commandFor: (port) => ({ file: process.execPath, args: ['-e', script(port)], env: {}, identity: {} }),
  logFile: join(directory, 'echo.log'),
  readyLine: /it is ready/,
  stopSignal: 'SIGTERM',
  throwawayDirectory: undefined,
  ...more,
});

async function start(of: ServerProgram): Promise<ServerProcess> {
  const server = await ServerProcess.start(of);
  running.push(server);
  return server;
}

describe('ServerProcess', () => {
  it('takes another port when somebody was faster on the first', async () => {
    const tried: number[] = [];
    const server = await start(
      program((port) => {
        tried.push(port);
        return tried.length === 1
          ? `console.error('bind: Address already in use'); process.exit(1)`
          : listens(port);
      }),
    );
    expect(tried).toHaveLength(2);
    expect(server.port).toBe(tried[1]);
  });

  it('waits at a restart for its own port, which clients know', async () => {
    const server = await start(program(listens));
    await server.kill();
    const squatter = createServer();
    await new Promise<void>((resolve) => squatter.listen(server.port, '127.0.0.1', resolve));
    const restarted = server.restart();
    const isTooEarly = await Promise.race([restarted.then(() => true), delay(300, false)]);
    await new Promise((resolve) => squatter.close(resolve));
    await restarted;
    expect(isTooEarly).toBe(false);
    expect(server.pid).toBeGreaterThan(0);
  });

  it('fails with what the program printed, at once', async () => {
    const failing = ServerProcess.start(program(() => `console.error('no such option'); process.exit(3)`));
    await expect(failing).rejects.toThrow(ServerStartError);
    await expect(failing).rejects.toThrow(/Echo did not start: it left with 3\nno such option/);
  });

  it('fails when the program is not there', async () => {
    const missing = {
      ...program(listens),
      commandFor: () => ({ file: '/no/such/file', args: [], env: {}, identity: {} }),
    };
    await expect(ServerProcess.start(missing)).rejects.toThrow(/ENOENT/);
  });

  it('tries again after a failure that passes', async () => {
    let starts = 0;
    const server = await start(
      program((port) => (++starts < 3 ? `console.error('still in use'); process.exit(1)` : listens(port)), {
        passingFailure: /still in use/,
      }),
    );
    expect(starts).toBe(3);
    expect(server.pid).toBeGreaterThan(0);
  });

  it('tells of an exit that nobody asked for, and of no other', async () => {
    const server = await start(program(listens));
    let told = 0;
    let tell = (): void => undefined;
    const surprise = new Promise<void>((resolve) => (tell = resolve));
    server.onUnexpectedExit(() => {
      told += 1;
      tell();
    });
    await server.restart();
    await server.kill();
    await server.restart();
    expect(told).toBe(0);
    process.kill(server.pid ?? 0, 'SIGKILL');
    await surprise;
    expect(server.pid).toBeUndefined();
  });

  it('kills a program that ignores its stop signal, after the time it has', async () => {
    const stubborn = (port: number): string => `process.on('SIGTERM', () => undefined); ${listens(port)}`;
    const server = await start(program(stubborn, { stopTimeoutMs: 50 }));
    const pid = server.pid ?? 0;
    await server.stop();
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it('keeps the log of the run before', async () => {
    const server = await start(program((port) => `console.log('run', process.pid); ${listens(port)}`));
    const first = server.pid;
    await server.restart();
    expect(await readFile(join(directory, 'echo.log.previous'), 'utf8')).toContain(`run ${first}`);
    expect(await readFile(join(directory, 'echo.log'), 'utf8')).toContain(`run ${server.pid}`);
  });
});

describe('findFreePort', () => {
  it('passes over ports in use', async () => {
    const squatter = createServer();
    const taken = await findFreePort();
    await new Promise<void>((resolve) => squatter.listen(taken, '127.0.0.1', resolve));
    const draws = [taken, taken, 31_000];
    const port = await findFreePort((min, max) => draws.shift() ?? min + ((max - min) >> 1));
    expect(port).not.toBe(taken);
    expect(draws).toEqual([]);
    await new Promise((resolve) => squatter.close(resolve));
  });
});
