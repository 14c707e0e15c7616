import { defineConfig, setting } from '../config/define-config';
import { deploymentSettings } from '../config/deployment-settings';
import { port } from '../config/values';
import { runConfiguredService, type ConfiguredServiceOptions } from './run-configured-service';

const schema = defineConfig({
  PORT: setting({ schema: port(), default: 3000, unit: 'port', reason: 'r' }),
  LOG_LEVEL: deploymentSettings.LOG_LEVEL,
});

function run(
  env: Record<string, string>,
  options: Pick<ConfiguredServiceOptions<typeof schema>, 'start'> &
    Partial<ConfiguredServiceOptions<typeof schema>>,
) {
  const lines: Record<string, unknown>[] = [];
  const code = runConfiguredService({
    name: 'test',
    schema,
    env,
    destination: { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
    host: { onSignal: () => undefined, onUncaught: () => undefined, exit: () => undefined },
    ...options,
  });
  return { lines, code };
}

describe('A configured service', () => {
  it('starts with its configuration, and says that it is ready whatever the level of its own lines', async () => {
    const { lines, code } = run(
      { PORT: '4000', LOG_LEVEL: 'error' },
      {
        start: (config, { logger, stop }) => {
          expect(config.port).toBe(4000);
          logger.info('not shown');
          logger.error('shown');
          setImmediate(stop);
          return Promise.resolve();
        },
      },
    );
    expect(await code).toBe(0);
    expect(lines.map(({ msg }) => msg)).toEqual(['shown', 'Ready', 'Stopped']);
  });

  it('does not start on a bad value, and names the variable in one line', async () => {
    const start = jest.fn(() => Promise.resolve());
    const { lines, code } = run({ PORT: 'x', LOG_LEVEL: 'fatal' }, { start });
    expect(await code).toBe(1);
    expect(start).not.toHaveBeenCalled();
    expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
      ['fatal', expect.stringMatching(/^Could not start: PORT is "x"/)],
    ]);
  });

  it('limits its stop as its configuration says', async () => {
    const { lines, code } = run(
      { PORT: '5' },
      {
        stopTimeoutMs: ({ port: limitMs }) => limitMs,
        start: (_config, { onStop, stop }) => {
          onStop('stuck', () => new Promise<void>(() => undefined));
          setImmediate(stop);
          return Promise.resolve();
        },
      },
    );
    expect(await code).toBe(1);
    expect(lines.at(-1)).toMatchObject({ part: 'stuck', msg: 'Could not stop in time: exiting' });
  });
});
