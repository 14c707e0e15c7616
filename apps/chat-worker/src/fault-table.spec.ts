/**
 * What becomes of a turn when its model fails, for each fault that the mock can play: the kind, whether it is tried again, what clients
 * see meanwhile, and how the chat ends. The table of docs/model-errors.md is checked against this one.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { subjects, type ChatChange, type ChatErrorKind } from '@parley/contracts';
import { sql } from '@parley/database';
import { MAX_ATTEMPTS } from '@parley/llm';
import type { ControlInput } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { Harness } from './testing/harness';

interface FaultRow {
  readonly fault: string;
  readonly control: NonNullable<ControlInput['fault']>;
  readonly kind: ChatErrorKind;
  readonly isRetried: boolean;
  /** Whether viewers had seen a part of the answer when it failed. */
  readonly wasSeen: boolean;
}

const row = (
  fault: string,
  control: FaultRow['control'],
  outcome: readonly [kind: ChatErrorKind, decision: 'tried again' | 'given up', seen?: 'after some words'],
): FaultRow => ({
  fault,
  control,
  kind: outcome[0],
  isRetried: outcome[1] === 'tried again',
  wasSeen: outcome[2] !== undefined,
});

const TABLE: readonly FaultRow[] = [
  row('400', { kind: 'status', status: 400 }, ['generic', 'given up']),
  row('401', { kind: 'status', status: 401 }, ['auth', 'given up']),
  row('403', { kind: 'status', status: 403 }, ['auth', 'given up']),
  row('404', { kind: 'status', status: 404 }, ['config', 'given up']),
  row('408', { kind: 'status', status: 408 }, ['timeout', 'tried again']),
  row('429', { kind: 'status', status: 429 }, ['rate_limit', 'tried again']),
  row(
    '429 of an exhausted quota',
    { kind: 'status', status: 429, code: 'insufficient_quota', type: 'insufficient_quota' },
    ['usage_limit', 'given up'],
  ),
  row('500', { kind: 'status', status: 500 }, ['generic', 'tried again']),
  row('502', { kind: 'status', status: 502 }, ['timeout', 'tried again']),
  row('503', { kind: 'status', status: 503 }, ['timeout', 'tried again']),
  row('504', { kind: 'status', status: 504 }, ['timeout', 'tried again']),
  row('529', { kind: 'status', status: 529 }, ['overloaded', 'tried again']),
  row('connection reset before the answer', { kind: 'reset' }, ['timeout', 'tried again']),
  row('connection reset in the answer', { kind: 'reset', after_chunks: 3 }, [
    'timeout',
    'tried again',
    'after some words',
  ]),
  row('body that just ends', { kind: 'end_early', after_chunks: 3 }, [
    'timeout',
    'tried again',
    'after some words',
  ]),
  row('event that is no JSON', { kind: 'malformed', after_chunks: 3 }, [
    'timeout',
    'tried again',
    'after some words',
  ]),
  row('error inside the stream', { kind: 'stream_error', after_chunks: 3, type: 'api_error' }, [
    'generic',
    'tried again',
    'after some words',
  ]),
  row('rate limit inside the stream', { kind: 'stream_error', after_chunks: 3, type: 'rate_limit_error' }, [
    'rate_limit',
    'tried again',
    'after some words',
  ]),
  row('overload inside the stream', { kind: 'stream_error', after_chunks: 3, type: 'overloaded_error' }, [
    'overloaded',
    'tried again',
    'after some words',
  ]),
  row('answer that stalls', { kind: 'stall', after_chunks: 3 }, [
    'stream_silence_timeout',
    'tried again',
    'after some words',
  ]),
  row('answer that never begins', { kind: 'slow_headers', ms: 600_000 }, [
    'stream_silence_timeout',
    'tried again',
  ]),
  row('answer that is no stream', { kind: 'not_a_stream' }, ['generic', 'given up']),
];

const REPLY = 'one two three four five six';
const SET_ATTEMPTS = sql('fault_table_attempts', 'update chats set generation_attempt = $2 where id = $1');

let harness: Harness;
const changes: ChatChange[] = [];
beforeAll(async () => {
  harness = await Harness.open();
  await harness.bus.subscribe(subjects.chatChanged('*'), (change) => void changes.push(change));
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

/** Only where silence is the fault: elsewhere a slow machine would look like one. */
const silenceOf = (kind: ChatErrorKind) => (kind === 'stream_silence_timeout' ? { silenceMs: 1_500 } : {});
const asking = (fault: ControlInput['fault']) => ({ key: randomUUID(), reply: REPLY, chunk_count: 6, fault });
/** What clients are told, in order: each retry and each error by its kind, and the state at the end. */
function toldOf(chatId: string): string[] {
  return changes
    .filter((change) => change.chat_id === chatId)
    .flatMap(({ retry, error, status }) => [
      ...(retry ? [`retry ${retry.kind}`] : []),
      ...(error ? [`error ${error.kind}`] : []),
      ...(status === 'waiting' ? ['waiting'] : []),
    ]);
}

const retried = TABLE.filter(({ isRetried }) => isRetried);

describe('a fault that is over at the second attempt', () => {
  it.each(retried.map((each) => [each.fault, each] as const))(
    '%s: clients see the retry and then the whole answer, once',
    async (_fault, { control, kind, wasSeen }) => {
      await harness.startWorker({ random: () => 0.99, ...silenceOf(kind) });
      const chatId = await harness.createChat(asking({ ...control, first_attempts: 1 }));
      await harness.until(chatId, 'waiting');
      await eventually(() => expect(toldOf(chatId)).toEqual([`retry ${kind}`, 'waiting']));
      expect((await harness.texts(chatId)).slice(1)).toEqual([['assistant', REPLY]]);
      const attempts = new Set(
        harness.parts.filter((batch) => batch.chat_id === chatId).map((batch) => batch.generation_attempt),
      );
      expect([...attempts]).toEqual(wasSeen ? [0, 1] : [1]);
    },
  );
});

describe('a fault that lasts', () => {
  it.each(TABLE.map((each) => [each.fault, each] as const))(
    '%s: the chat ends in an error of its kind, and nothing half is kept',
    async (_fault, { control, kind, isRetried }) => {
      const chatId = await harness.createChat(asking(control));
      if (isRetried) await harness.store.database.query(SET_ATTEMPTS, [chatId, MAX_ATTEMPTS - 1]);
      await harness.startWorker(silenceOf(kind));
      const head = await harness.until(chatId, 'error');
      expect(head.lastError).toMatchObject({ kind, retryable: isRetried, provider: 'openai-compat' });
      expect(head.retry).toBeNull();
      if (control.kind === 'status') expect(head.lastError).toMatchObject({ status_code: control.status });
      await eventually(() => expect(toldOf(chatId)).toEqual([`error ${kind}`]));
      expect((await harness.texts(chatId)).map(([role]) => role)).toEqual(['user']);
    },
  );
});

it('the table of the docs is this one', () => {
  const docs = readFileSync(join(__dirname, '../../../docs/model-errors.md'), 'utf8').replaceAll(/ +/g, ' ');
  for (const { fault, kind, isRetried, wasSeen } of TABLE) {
    const seen = wasSeen ? 'some words, then' : '';
    const told = isRetried ? `\`retry\`, then the whole answer` : '`error`';
    const end = isRetried ? `\`waiting\`; \`error\` after ${MAX_ATTEMPTS} attempts` : '`error`';
    const line = `| ${fault} | \`${kind}\` | ${isRetried ? 'yes' : 'no'} | ${seen} ${told} | ${end} |`;
    expect(docs).toContain(line.replaceAll(/ +/g, ' '));
  }
});
