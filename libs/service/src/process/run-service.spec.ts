import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { ConfigError } from '../config/errors';
import { createLogger } from '../logging/logger';
import { runService, type ServiceContext, type ServiceOptions } from './run-service';

class TestHost {
  readonly exits: number[] = [];
  signal: (name: string) => void = () => undefined;
  uncaught: (error: unknown) => void = () => undefined;
  onSignal(listener: (name: string) => void): void {
    this.signal = listener;
  }
  onUncaught(listener: (error: unknown) => void): void {
    this.uncaught = listener;
  }
  exit(code: number): void {
    this.exits.push(code);
  }
}

function run(start: (context: ServiceContext) => Promise<void>, options: Partial<ServiceOptions> = {}) {
  const host = new TestHost();
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  const logger = createLogger({ name: 'test', destination });
  const code = runService({ name: 'test', host, logger, start, ...options });
  return { host, lines, code };
}

const never = new Promise<void>(() => undefined);

describe('A service', () => {
  it('stops its parts in reverse order when told, each awaited, and exits with 0', async () => {
    const order: string[] = [];
    const { host, code } = run(async ({ onStop, signal }) => {
      for (const part of ['database', 'bus', 'server']) {
        onStop(part, async () => {
          await Promise.resolve();
          order.push(`${part} ${String(signal.aborted)}`);
        });
      }
    });
    host.signal('SIGTERM');
    expect(await code).toBe(0);
    expect(order).toEqual(['server true', 'bus true', 'database true']);
    expect(host.exits).toEqual([0]);
  });

  it('exits with 1 and one line without a stack when the operator made a mistake', async () => {
    const { lines, code } = run(() =>
      Promise.reject(new ConfigError([{ variable: 'PORT', was: '"x"', allowed: 'a number' }])),
    );
    expect(await code).toBe(1);
    const fatal = lines.filter(({ level }) => level === 'fatal');
    expect(fatal).toHaveLength(1);
    expect(fatal[0]).toMatchObject({ msg: 'Could not start: PORT is "x", allowed is a number' });
    expect(fatal[0]).not.toHaveProperty('err');
  });

  it('stops what had been started when a later part of the start fails, and shows the stack', async () => {
    let isClosed = false;
    const { lines, code } = run(async ({ onStop }) => {
      onStop('database', () => void (isClosed = true));
      throw new Error('no bus');
    });
    expect(await code).toBe(1);
    expect(isClosed).toBe(true);
    expect(lines.find(({ level }) => level === 'fatal')).toMatchObject({ err: { message: 'no bus' } });
  });

  it('told to stop while it starts, waits for the start to give up and exits with 0', async () => {
    let isClosed = false;
    const { host, code } = run(async ({ signal, onStop }) => {
      onStop('database', () => void (isClosed = true));
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(new Error('aborted'))),
      );
    });
    host.signal('SIGINT');
    expect(await code).toBe(0);
    expect(isClosed).toBe(true);
  });

  it('says in one line that its port is in use', async () => {
    const taken = createServer();
    await once(taken.listen(0, '127.0.0.1'), 'listening');
    const { port } = taken.address() as AddressInfo;
    const { lines, code } = run(async () => {
      await once(createServer().listen(port, '127.0.0.1'), 'listening');
    });
    expect(await code).toBe(1);
    expect(lines.at(-1)?.['msg']).toBe(
      `Could not start: port ${port} on 127.0.0.1 is in use: stop what listens there, or set PORT to another one`,
    );
    taken.close();
  });

  it('exits at once at the second signal, but takes the echo of the first for the same', async () => {
    let nowMs = 1_000;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => nowMs);
    const { host, code } = run(async ({ onStop }) => onStop('stuck', () => never));
    host.signal('SIGINT');
    host.signal('SIGINT');
    nowMs += 999;
    host.signal('SIGINT');
    expect(host.exits).toEqual([]);
    nowMs += 1;
    host.signal('SIGINT');
    expect(host.exits).toEqual([1]);
    expect(await code).toBe(1);
    clock.mockRestore();
  });

  it('exits with 1 when a part does not stop in time, and names it', async () => {
    const exited: { code?: number } = {};
    const { host, lines } = run(
      async ({ onStop }) => {
        onStop('never reached', () => undefined);
        onStop('stuck', () => never);
      },
      { stopTimeoutMs: 10 },
    );
    const done = new Promise<void>((resolve) => {
      host.exit = (code) => {
        exited.code = code;
        resolve();
      };
    });
    host.signal('SIGTERM');
    await done;
    expect(exited.code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', part: 'stuck' });
  });

  it('runs the other stops when one throws, and exits with 1', async () => {
    let isClosed = false;
    const { host, code } = run(async ({ onStop }) => {
      onStop('database', () => void (isClosed = true));
      onStop('bad', () => Promise.reject(new Error('bad')));
    });
    host.signal('SIGTERM');
    expect(await code).toBe(1);
    expect(isClosed).toBe(true);
  });

  it('stops with 1 after something nobody caught, or when it stops itself with an error', async () => {
    const uncaught = run(async () => undefined);
    uncaught.host.uncaught(new Error('forgotten'));
    expect(await uncaught.code).toBe(1);
    expect(uncaught.lines[0]).toMatchObject({ level: 'fatal', err: { message: 'forgotten' } });
    const failed = run(async ({ stop }) => stop(new Error('lease lost')));
    expect(await failed.code).toBe(1);
    const content = run(async ({ stop }) => stop());
    expect(await content.code).toBe(0);
  });
});
