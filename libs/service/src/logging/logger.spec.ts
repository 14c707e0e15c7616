import { createLogger } from './logger';
import { NestLogger } from './nest-logger';

function recorded(level: 'info' | 'trace' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const destination = {
    write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  };
  return { lines, logger: createLogger({ name: 'test', level, destination }) };
}

describe('The logger', () => {
  it('writes one JSON line with name, level and time, and the error with its stack', () => {
    const { lines, logger } = recorded();
    logger.debug('not shown');
    logger.error({ err: new Error('broken'), chat_id: 1 }, 'It failed');
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      name: 'test',
      level: 'error',
      msg: 'It failed',
      chat_id: 1,
      err: { message: 'broken' },
    });
    expect(lines[0]?.['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('writes of an error what cannot quote content, and the same of its causes', () => {
    const { lines, logger } = recorded();
    const cause = Object.assign(new Error('refused'), {
      code: '23514',
      detail: 'Failing row contains (hunter2)',
    });
    logger.error(
      { err: Object.assign(new Error('broken', { cause }), { kind: 'overloaded', body: 'hunter2' }) },
      'x',
    );
    expect(lines[0]).toMatchObject({
      err: {
        type: 'Error',
        message: 'broken',
        kind: 'overloaded',
        cause: { message: 'refused', code: '23514' },
      },
    });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('removes credentials', () => {
    const { lines, logger } = recorded();
    const headers = { authorization: 'hunter2', cookie: 'hunter2' };
    logger.info({ token: 'hunter2', provider: { api_key: 'hunter2' }, req: { headers } }, 'x');
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('The Nest logger', () => {
  it('passes messages with their context, and errors with their stack', () => {
    const { lines, logger } = recorded('trace');
    const nest = new NestLogger(logger);
    nest.log('Mapped {/healthz, GET}', 'RouterExplorer');
    nest.error('broken', 'stack at x', 'Injector');
    nest.error(new Error('thrown'), 'Injector');
    nest.warn({ a: 1 });
    expect(lines).toMatchObject([
      { level: 'debug', msg: 'Mapped {/healthz, GET}', context: 'RouterExplorer' },
      { level: 'error', msg: 'broken', stack: 'stack at x', context: 'Injector' },
      { level: 'error', msg: 'thrown', context: 'Injector', err: { message: 'thrown' } },
      { level: 'warn', detail: { a: 1 } },
    ]);
  });
});
