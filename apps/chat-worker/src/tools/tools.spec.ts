import { completeAction } from '@parley/chat-state';
import { eventually } from '@parley/testing';
import { Harness } from '../testing/harness';
import type { LocalTool } from './tool-registry';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const definition = (name: string): LocalTool['definition'] => ({
  name,
  description: name,
  inputSchema: { type: 'object', properties: {} },
});

const echo: LocalTool = {
  definition: definition('echo'),
  isIdempotent: true,
  run: (args) => Promise.resolve({ echoed: args }),
};

async function results(chatId: string): Promise<[string, unknown, boolean][]> {
  const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
  return parts.flatMap((part) =>
    part.type === 'tool-result' ? [[part.tool_name, part.result, part.is_error ?? false]] : [],
  );
}

describe('tools', () => {
  it('run side by side, their results are committed together, and the model goes on', async () => {
    let running = 0;
    let most = 0;
    let release: (() => void) | undefined;
    const bothRun = new Promise<void>((resolve) => (release = resolve));
    const together: LocalTool = {
      definition: definition('together'),
      isIdempotent: true,
      run: async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 2) release?.();
        await bothRun;
        return { done: true };
      },
    };
    await harness.startWorker({ tools: [together] });
    const calls = [
      { name: 'together', arguments: { n: 1 } },
      { name: 'together', arguments: { n: 2 } },
    ];
    const chatId = await harness.createChat({ tool_calls: [calls], reply: 'both are done' });
    await harness.until(chatId, 'waiting');
    expect(most).toBe(2);
    const roles = (await harness.texts(chatId)).map(([role]) => role);
    expect(roles).toEqual(['user', 'assistant', 'tool', 'assistant']);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('both are done');
  });

  it('get the arguments that the model wrote', async () => {
    await harness.startWorker({ tools: [echo] });
    const chatId = await harness.createChat({
      tool_calls: [[{ name: 'echo', arguments: { path: 'a\u0000b', deep: { n: 1 } } }]],
      reply: 'done',
    });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([
      ['echo', { echoed: { path: 'a\u0000b', deep: { n: 1 } } }, false],
    ]);
  });

  it('that throw give the model an error to read', async () => {
    const broken: LocalTool = {
      definition: definition('broken'),
      isIdempotent: true,
      run: () => Promise.reject(new Error('out of paper')),
    };
    await harness.startWorker({ tools: [broken] });
    const chatId = await harness.createChat({
      tool_calls: [[{ name: 'broken', arguments: {} }]],
      reply: 'I see',
    });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([['broken', { error: 'out of paper' }, true]]);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('I see');
  });

  it('of the client wait for it, after the local ones, and then the turn goes on', async () => {
    await harness.startWorker({ tools: [echo] });
    const askClient = {
      name: 'ask_client',
      description: '',
      input_schema: { type: 'object', properties: {} },
    };
    const chatId = await harness.createChat(
      {
        tool_calls: [
          [
            { name: 'ask_client', arguments: { q: 1 } },
            { name: 'echo', arguments: {} },
          ],
        ],
        reply: 'thanks',
      },
      { dynamicTools: [askClient] },
    );
    const waiting = await harness.until(chatId, 'requires_action');
    expect(waiting.openCalls.map((call) => [call.tool_name, call.dynamic])).toEqual([['ask_client', true]]);
    expect((await results(chatId)).map(([name]) => name)).toEqual(['echo']);
    const completed = await completeAction(harness.store, {
      chatId,
      ownerId: harness.ownerId,
      results: waiting.openCalls.map((call) => ({
        toolCallId: call.tool_call_id,
        output: { answer: 42 },
        isError: false,
      })),
    });
    expect(completed.ok).toBe(true);
    await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('thanks');
  });

  it('that may have run under a dead worker are not run again, unless it does no harm', async () => {
    const runs: string[] = [];
    const counted = (name: string, isIdempotent: boolean): LocalTool => ({
      definition: definition(name),
      isIdempotent,
      run: async (_args, { signal }) => {
        runs.push(name);
        if (runs.length > 2) return { again: true };
        return new Promise((_resolve, reject) =>
          signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
        );
      },
    });
    const tools = [counted('harmless', true), counted('harmful', false)];
    const first = await harness.startWorker({ tools });
    const calls = tools.map((tool) => ({ name: tool.definition.name, arguments: {} }));
    const chatId = await harness.createChat({ tool_calls: [calls], reply: 'over' });
    await eventually(() => expect(runs).toHaveLength(2));
    await first.stop(0);
    await harness.startWorker({ tools });
    await harness.until(chatId, 'waiting');
    expect(runs).toEqual(['harmless', 'harmful', 'harmless']);
    const [harmless, harmful] = await results(chatId);
    expect(harmless).toEqual(['harmless', { again: true }, false]);
    expect(harmful?.[2]).toBe(true);
    expect(JSON.stringify(harmful?.[1])).toMatch(/outcome of this call is unknown/);
  });
});
