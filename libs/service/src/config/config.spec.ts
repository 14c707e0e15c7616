import { inspect } from 'node:util';
import { z } from 'zod';
import { defineConfig, setting } from './define-config';
import { deploymentSettings } from './deployment-settings';
import { describeConfiguration } from './describe';
import { ConfigError } from './errors';
import { loadConfig } from './load-config';
import {
  absoluteUrl,
  absoluteUrls,
  base64Key,
  decimalNumber,
  durationMs,
  listOf,
  oneOf,
  port,
  text,
  trueOrFalse,
  wholeNumber,
} from './values';

const schema = defineConfig({
  PORT: setting({ schema: port(), default: 3000, unit: 'port', reason: 'Where it listens' }),
  CHAT_ACQUIRE_BATCH_SIZE: setting({
    schema: wholeNumber({ min: 1, max: 1000 }),
    default: 10,
    unit: 'chats',
    reason: 'Chats per sweep',
  }),
  DATABASE_URL: setting({
    schema: absoluteUrl(['postgres', 'postgresql']),
    example: 'postgres://localhost/parley',
    unit: 'URL',
    reason: 'Where the truth is',
    isSecret: true,
  }),
  PARLEY_LABEL: setting({ schema: text(), default: undefined, unit: 'text', reason: 'A name | of its own' }),
});
const good = { DATABASE_URL: 'postgres://u:hunter2@localhost/parley' };

describe('loadConfig', () => {
  it('gives typed values under camelCase names, and defaults for what is not set', () => {
    const config = loadConfig(schema, { env: { ...good, PORT: '0', OTHER: 'x' } });
    const batchSize: number = config.chatAcquireBatchSize;
    const label: string | undefined = config.parleyLabel;
    expect([config.port, batchSize, label, config.databaseUrl]).toEqual([
      0,
      10,
      undefined,
      good.DATABASE_URL,
    ]);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('names every bad variable, what it was and what is allowed', () => {
    const load = (): unknown =>
      loadConfig(schema, { env: { PORT: '70000', CHAT_ACQUIRE_BATCH_SIZE: '10x' } });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(
      'PORT is "70000", allowed is a whole number from 0 to 65535; ' +
        'CHAT_ACQUIRE_BATCH_SIZE is "10x", allowed is a whole number from 1 to 1000; ' +
        'DATABASE_URL is (not set), allowed is a URL that begins with postgres:// or postgresql://',
    );
  });

  it('shows a secret neither in an error nor in JSON nor in inspect', () => {
    expect(() => loadConfig(schema, { env: { DATABASE_URL: 'hunter2' } })).toThrow(
      /^DATABASE_URL is \(secret\)/,
    );
    const config = loadConfig(schema, { env: good });
    for (const printed of [JSON.stringify({ config }), inspect({ config }), `${inspect(config)}`]) {
      expect(printed).toContain('(secret)');
      expect(printed).not.toContain('hunter2');
    }
  });

  it('warns of PARLEY_ variables that nobody reads', () => {
    const warnings: string[] = [];
    const env = { ...good, PARLEY_LABLE: 'x', PARLEY_LABEL: 'y', PARLEY_OTHER: 'z', HOME: '/' };
    const otherSchemas = [
      defineConfig({ PARLEY_OTHER: setting({ schema: text(), default: '', unit: 'text', reason: 'r' }) }),
    ];
    loadConfig(schema, { env, otherSchemas, warn: (message) => warnings.push(message) });
    expect(warnings).toEqual(['The environment variable PARLEY_LABLE is set, but nothing reads it']);
  });

  it('refuses blanks even for schemas that would take them', () => {
    const lax = defineConfig({
      N: setting({ schema: z.coerce.number(), default: 1, unit: 'n', reason: 'r' }),
    });
    for (const N of ['', ' ', ' 5', '5\n'])
      expect(() => loadConfig(lax, { env: { N } })).toThrow(ConfigError);
    expect(loadConfig(lax, { env: { N: '5' } }).n).toBe(5);
  });

  it('refuses names that are no variables', () => {
    const entry = setting({ schema: text(), default: '', unit: 'text', reason: 'r' });
    expect(() => defineConfig({ camelCase: entry })).toThrow('camelCase');
  });
});

describe('The settings of a deployment', () => {
  it('have defaults that they themselves allow, and need the three addresses and the key', () => {
    const urls = {
      DATABASE_URL: 'postgres://h/d',
      NATS_URL: 'nats://a:4222,nats://b:4222',
      REDIS_URL: 'redis://h',
      PARLEY_ENCRYPTION_KEY: 'k',
    };
    const config = loadConfig(defineConfig(deploymentSettings), { env: urls });
    expect(config).toMatchObject({
      logLevel: 'info',
      databasePoolSize: 10,
      busValidation: false,
    });
    const asText = Object.entries(deploymentSettings).flatMap(([name, entry]) =>
      entry.isRequired || entry.default === undefined ? [] : [[name, String(entry.default)] as const],
    );
    expect(loadConfig(deploymentSettings, { env: { ...urls, ...Object.fromEntries(asText) } })).toEqual(
      config,
    );
    expect(() => loadConfig(deploymentSettings, { env: {} })).toThrow(/DATABASE_URL.*NATS_URL.*REDIS_URL/);
  });
});

describe('What a variable may hold', () => {
  const key = Buffer.alloc(32, 7);
  const cases: [string, z.ZodType, accepted: [string, unknown][], refused: string[]][] = [
    [
      'wholeNumber',
      wholeNumber({ min: -1, max: 5 }),
      [
        ['5', 5],
        ['-1', -1],
      ],
      ['6', '-2', '1.0', '1e0', '0x1', '', ' ', '10x', '+1', 'NaN'],
    ],
    [
      'decimalNumber',
      decimalNumber({ min: 0, max: 1 }),
      [
        ['0.25', 0.25],
        ['1', 1],
      ],
      ['1.1', '.5', '1e-1', '', 'Infinity'],
    ],
    ['durationMs', durationMs({ min: 1, max: 10 }), [['10', 10]], ['0', '10ms', '1s']],
    [
      'trueOrFalse',
      trueOrFalse(),
      [
        ['true', true],
        ['false', false],
      ],
      ['1', 'yes', 'TRUE', ''],
    ],
    ['oneOf', oneOf(['a', 'b']), [['a', 'a']], ['c', '', 'A']],
    [
      'absoluteUrl',
      absoluteUrl(['nats']),
      [['nats://h:4222', 'nats://h:4222']],
      ['http://h', 'h:4222', 'nats', ''],
    ],
    [
      'absoluteUrls',
      absoluteUrls(['nats']),
      [['nats://a,nats://b', 'nats://a,nats://b']],
      ['nats://a,b', ''],
    ],
    [
      'base64Key',
      base64Key({ bytes: 32 }),
      [[key.toString('base64'), key]],
      [Buffer.alloc(31).toString('base64'), 'hex!', ''],
    ],
    [
      'listOf',
      listOf(wholeNumber({ min: 0, max: 9 })),
      [
        ['1, 2', [1, 2]],
        ['3', [3]],
      ],
      ['1,,2', '1,x'],
    ],
    ['text', text({ maxLength: 3 }), [['abc', 'abc']], ['', 'abcd']],
  ];
  it.each(cases)('%s', (_name, value, accepted, refused) => {
    for (const [raw, expected] of accepted) expect(value.parse(raw)).toEqual(expected);
    for (const raw of refused) expect([raw, value.safeParse(raw).success]).toEqual([raw, false]);
    expect(value.description).toMatch(/\w/);
  });
});

describe('describeConfiguration', () => {
  const shared = setting({
    schema: oneOf(['info', 'debug']),
    default: 'info',
    unit: 'level',
    reason: 'How much is logged',
  });
  const described = describeConfiguration([
    { app: 'gateway', schema: defineConfig({ ...schema, LOG_LEVEL: shared }) },
    {
      app: 'chat-worker',
      schema: defineConfig({
        LOG_LEVEL: shared,
        PORT: setting({ schema: port(), default: 3001, unit: 'port', reason: 'Where it listens' }),
      }),
    },
  ]);

  it('shows a shared variable once with its readers, and one with two defaults twice', () => {
    expect(described.markdown.match(/`LOG_LEVEL`/g)).toHaveLength(1);
    expect(described.markdown).toContain(
      '| `LOG_LEVEL` | gateway, chat-worker | `info` | level | one of info, debug | How much is logged |',
    );
    expect(described.markdown).toContain('| `PORT` | chat-worker | `3001` |');
    expect(described.markdown).toContain('| `PORT` | gateway | `3000` |');
    expect(described.markdown).toContain('| `DATABASE_URL` | gateway | required |');
    expect(described.markdown).toContain('A name \\| of its own');
  });

  it('comments out in .env.example what has a default, and shows an example for the rest', () => {
    expect(described.envExample).toContain('\n#LOG_LEVEL=info\n');
    expect(described.envExample).toContain('\nDATABASE_URL=postgres://localhost/parley\n');
    expect(described.envExample).toContain('# one of info, debug (level). Read by gateway, chat-worker.\n');
  });
});
