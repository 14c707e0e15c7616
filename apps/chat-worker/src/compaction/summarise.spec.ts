import type { ChatHead } from '@parley/chat-state';
import {
  ModelError,
  type ModelClient,
  type ModelRequest,
  type ModelStreamPart,
  type ResolvedModel,
} from '@parley/llm';
import { FakeClock } from '@parley/testing';
import { Persistence } from '../persistence';
import type { CallLedger } from '../spend/call-ledger';
import type { ModelCall } from '../spend/model-call';
import type { TaskOrder } from '../tasks';
import { testTool } from '../testing/test-tool';
import { transcriptRows } from '../testing/transcript-rows';
import { ToolRegistry } from '../tools/tool-registry';
import { summarise, SUMMARY_TIMEOUT_MS, type SummariseParts } from './summarise';

type Answer = (signal: AbortSignal) => AsyncGenerator<ModelStreamPart>;
type Recorded = [outcome: string, finished: boolean];

const finish = (reason: 'stop' | 'tool-calls'): ModelStreamPart => ({ type: 'finish', reason });

// Each answer is what the model does when it is asked for the first, the second … time.
async function* write(text: string): AsyncGenerator<ModelStreamPart> {
  yield { type: 'text-delta', text };
  yield finish('stop');
}

async function* useTools(): AsyncGenerator<ModelStreamPart> {
  yield { type: 'text-delta', text: 'Let me look.' };
  yield finish('tool-calls');
}

async function* hang(signal: AbortSignal): AsyncGenerator<ModelStreamPart> {
  yield { type: 'text-delta', text: 'a word' };
  if (!signal.aborted)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}

function setUp(...answers: Answer[]) {
  const clock = new FakeClock();
  const requests: ModelRequest[] = [];
  const recorded: Recorded[] = [];
  const client: ModelClient = {
    provider: 'openai',
    modelName: 'fake',
    stream: (request, signal) => {
      const answer = answers[requests.length];
      requests.push(request);
      if (answer === undefined) throw new Error('The model was asked too often');
      return answer(signal);
    },
  };
  const model = { provider: 'openai', contextLimit: 100_000, callConfig: {}, prices: {}, client };
  const ledger: Pick<CallLedger, 'record'> = {
    record: (call: ModelCall, outcome) => {
      recorded.push([outcome, call.isFinished]);
      return Promise.resolve();
    },
  };
  const parts = {
    clock,
    createId: () => 'id',
    ledger,
    chatSettings: { promptOverlay: () => Promise.resolve({ userPrompt: '', planModeInstructions: '' }) },
    tools: new ToolRegistry([testTool('look', () => Promise.resolve({}))]),
    persistence: new Persistence({ clock, random: () => 0.5, onPause: () => undefined }),
  } as unknown as SummariseParts;
  const goal = new AbortController();
  const head = { id: 'chat', ownerId: 'u', parentChatId: null, planMode: null, dynamicTools: [] };
  const order = {
    head: { ...head, allowedTools: null, lastReasoningEffort: null } as unknown as ChatHead,
    signal: goal.signal,
    stop: new AbortController().signal,
  } as unknown as TaskOrder;
  const rows = transcriptRows(
    { content: [{ type: 'text', text: 'look' }] },
    { role: 'assistant', content: [{ type: 'tool-call', tool_call_id: 'c', tool_name: 'look', args: {} }] },
    {
      role: 'tool',
      content: [{ type: 'tool-result', tool_call_id: 'c', tool_name: 'look', result: 'seen' }],
    },
    { role: 'assistant', content: [{ type: 'text', text: 'done' }] },
  );
  const run = (): Promise<string> =>
    summarise(parts, order, { rows, model: model as unknown as ResolvedModel });
  return { clock, goal, requests, recorded, run };
}

const tooLarge = (): never => {
  throw new ModelError({
    kind: 'config',
    retryable: false,
    provider: 'openai',
    detail: 'prompt is too long',
  });
};

describe('asking for a summary', () => {
  it('is the prompt of a step with its tools, and the request as its last message', async () => {
    const { requests, recorded, run } = setUp(() => write('in short'));
    expect(await run()).toBe('in short');
    const [request] = requests;
    expect(request?.tools.map(({ name }) => name)).toEqual(['look']);
    expect(request?.messages.map(({ role }) => role)).toEqual([
      'user',
      'assistant',
      'tool',
      'assistant',
      'user',
    ]);
    expect(JSON.stringify(request?.messages.at(-1))).toMatch(/Summarise this conversation so that/);
    expect(request?.settings.maxOutputTokens).toBe(8_192);
    expect(recorded).toEqual([['failed', true]]);
  });

  it.each<[string, Answer]>([
    ['the prompt was too large', tooLarge],
    ['the model used tools', useTools],
    ['the model said nothing', () => write(' ')],
  ])('is done again without tools when %s', async (_why, first) => {
    const { requests, run } = setUp(first, () => write('in short'));
    expect(await run()).toBe('in short');
    expect(requests[1]?.tools).toEqual([]);
    expect(JSON.stringify(requests[1]?.messages)).toContain('[Called the tool look with {}]');
    expect(requests[1]?.messages.map(({ role }) => role)).not.toContain('tool');
  });

  it('fails for good when the model writes nothing without tools either', async () => {
    const { requests, run } = setUp(useTools, () => write(''));
    await expect(run()).rejects.toMatchObject({ retryable: false, message: 'The model wrote no summary.' });
    expect(requests).toHaveLength(2);
  });

  it('takes no longer than 90 s, and is paid for', async () => {
    const { clock, recorded, run } = setUp(hang);
    const failure = expect(run()).rejects.toMatchObject({ kind: 'timeout', retryable: false });
    await clock.waitForSleeper('summary');
    await clock.advance(SUMMARY_TIMEOUT_MS);
    await failure;
    expect(recorded).toEqual([['interrupted', false]]);
  });

  it('ends at once when it is stopped, and leaves no timer behind', async () => {
    const { clock, goal, recorded, run } = setUp(hang);
    const running = run();
    await clock.waitForSleeper('summary');
    goal.abort();
    await expect(running).rejects.toThrow();
    expect(recorded).toEqual([['interrupted', false]]);
    expect(clock.sleepers()).toEqual([]);
  });
});
