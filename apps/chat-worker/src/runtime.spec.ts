import { sql } from '@parley/database';
import { ModelError, type ModelStreamPart, type ResolvedModel } from '@parley/llm';
import { FakeClock } from '@parley/testing';
import { Harness } from './testing/harness';
import { testTool } from './testing/test-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const readRuntimes = sql(
  'test_read_runtimes',
  `select role, runtime_ms, context_limit, model_config_id is not null as has_model from chat_messages
    where chat_id = $1 and role <> 'user' order by id`,
);

/** Overloaded at first; then it calls the tool, and answers. `streamed` takes time before each. */
function modelOf(streamed: (signal: AbortSignal) => Promise<void>): ResolvedModel {
  const provider = 'openai-compat';
  const call: ModelStreamPart = { type: 'tool-call', toolCallId: 'a', toolName: 'look', args: '{}' };
  let requests = 0;
  return {
    modelConfigId: harness.modelConfigId,
    organizationId: harness.organizationId,
    providerId: harness.organizationId,
    provider,
    modelName: 'timed',
    contextLimit: 1_000_000,
    compressionThreshold: 80,
    callConfig: {},
    prices: {},
    client: {
      provider,
      modelName: 'timed',
      async *stream(_request, signal): AsyncGenerator<ModelStreamPart> {
        requests += 1;
        if (requests === 1) throw new ModelError({ kind: 'overloaded', retryable: true, provider });
        await streamed(signal);
        yield requests === 2 ? call : { type: 'text-delta', text: 'Seen.' };
        yield { type: 'finish', reason: requests === 2 ? 'tool-calls' : 'stop' };
      },
    },
  };
}

describe('the runtime of a step', () => {
  it('is the time that it took: of the answer with its attempts and the waits between, and of its tools', async () => {
    const clock = new FakeClock();
    const sleep = (name: string, ms: number, signal: AbortSignal) => clock.sleep(ms, { name, signal });
    const look = testTool('look', async (_args, { signal }) => {
      await sleep('look', 300, signal);
      return { seen: true };
    });
    const model = modelOf((signal) => sleep('model', 200, signal));
    await harness.startWorker({
      clock,
      monotonicNow: () => clock.now(),
      tools: [look],
      models: { resolve: () => Promise.resolve(model) },
    });
    const chatId = await harness.createChat('anything');
    await clock.waitForSleeper('retry');
    const waitMs = (await harness.head(chatId)).retry?.delay_ms ?? 0;
    expect(waitMs).toBeGreaterThan(0);
    await clock.advance(waitMs);
    for (const [name, ms] of [
      ['model', 200],
      ['look', 300],
      ['model', 200],
    ] as const) {
      await clock.waitForSleeper(name);
      await clock.advance(ms);
    }
    await harness.until(chatId, 'waiting');
    const answer = { role: 'assistant', context_limit: 1_000_000, has_model: true };
    expect(await harness.store.database.query(readRuntimes, [chatId])).toEqual([
      { ...answer, runtime_ms: waitMs + 200 },
      { role: 'tool', runtime_ms: 300, context_limit: null, has_model: false },
      { ...answer, runtime_ms: 200 },
    ]);
  });
});
