import { completeAction } from '@parley/chat-state';
import { Harness } from '../testing/harness';
import { callsOf, testTool, toolResults } from '../testing/test-tool';
import { perTurn } from './turn-context';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const echo = testTool('echo', (args) => Promise.resolve({ echoed: args }));
const askClient = { name: 'ask_client', description: '', input_schema: { type: 'object', properties: {} } };
describe('tools', () => {
  it('run side by side, their results are committed together, and the model goes on', async () => {
    let running = 0;
    let most = 0;
    let release: (() => void) | undefined;
    const bothRun = new Promise<void>((resolve) => (release = resolve));
    const together = testTool('together', async () => {
      running += 1;
      most = Math.max(most, running);
      if (running === 2) release?.();
      await bothRun;
      return { done: true };
    });
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
    expect(await toolResults(harness, chatId)).toEqual([
      ['echo', { echoed: { path: 'a\u0000b', deep: { n: 1 } } }, false],
    ]);
  });

  it('that throw give the model an error to read', async () => {
    const broken = testTool('broken', () => Promise.reject(new Error('out of paper')));
    await harness.startWorker({ tools: [broken] });
    const chatId = await harness.createChat({ tool_calls: [callsOf('broken')], reply: 'I see' });
    await harness.until(chatId, 'waiting');
    expect(await toolResults(harness, chatId)).toEqual([['broken', { error: 'out of paper' }, true]]);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('I see');
  });

  it('of the client wait for it, after the local ones, and then the turn goes on', async () => {
    await harness.startWorker({ tools: [echo] });
    const chatId = await harness.createChat(
      { tool_calls: [callsOf('ask_client', 'echo')], reply: 'thanks' },
      { dynamicTools: [askClient] },
    );
    const waiting = await harness.until(chatId, 'requires_action');
    expect(waiting.openCalls.map((call) => [call.tool_name, call.dynamic])).toEqual([['ask_client', true]]);
    expect((await toolResults(harness, chatId)).map(([name]) => name)).toEqual(['echo']);
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

  it('of which one must be alone do not run beside it, nor is the client asked for its part', async () => {
    const runs: string[] = [];
    const alone = testTool('alone', () => Promise.resolve(runs.push('alone')), {
      annotations: { isExclusive: true },
    });
    await harness.startWorker({ tools: [alone, echo] });
    const chatId = await harness.createChat(
      { tool_calls: [callsOf('ask_client', 'alone', 'echo')], reply: 'one by one then' },
      { dynamicTools: [askClient] },
    );
    await harness.until(chatId, 'waiting');
    expect(runs).toEqual([]);
    const answered = await toolResults(harness, chatId);
    expect(answered.map(([name, , isError]) => [name, isError])).toEqual([
      ['ask_client', true],
      ['alone', true],
      ['echo', true],
    ]);
    for (const [, result] of answered) expect(JSON.stringify(result)).toMatch(/Nothing was run/);
  });

  it('that end a turn end it without asking the model again, and the next turn begins as ever', async () => {
    const plan = testTool('propose_plan', () => Promise.resolve({ ok: true }), {
      annotations: { stopsTurn: true },
    });
    await harness.startWorker({ tools: [plan, echo] });
    const chatId = await harness.createChat({
      tool_calls: [callsOf('propose_plan', 'echo')],
      reply: 'never',
    });
    await harness.until(chatId, 'waiting');
    expect((await harness.texts(chatId)).map(([role]) => role)).toEqual(['user', 'assistant', 'tool']);
  });

  it('share what they look up, once a turn', async () => {
    let looks = 0;
    const look = perTurn(async ({ chat }) => {
      looks += 1;
      if (looks === 1) throw new Error('busy');
      return Promise.resolve(chat.id);
    });
    const where = testTool('where', (_args, { turn }) => look(turn));
    await harness.startWorker({ tools: [where] });
    const chatId = await harness.createChat({
      tool_calls: [callsOf('where'), callsOf('where', 'where'), callsOf('where')],
      reply: 'here',
    });
    await harness.until(chatId, 'waiting');
    expect((await toolResults(harness, chatId)).map(([, result]) => result)).toEqual([
      { error: 'busy' },
      chatId,
      chatId,
      chatId,
    ]);
    expect(looks).toBe(2);
  });
});
