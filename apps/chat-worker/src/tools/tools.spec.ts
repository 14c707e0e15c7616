import { completeAction, interrupt, UNKNOWN_OUTCOME } from '@parley/chat-state';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { Harness } from '../testing/harness';
import { testTool, untilStopped } from '../testing/test-tool';
import type { ToolCallContext } from './local-tool';
import { perTurn } from './turn-context';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const echo = testTool('echo', (args) => Promise.resolve({ echoed: args }));
const askClient = { name: 'ask_client', description: '', input_schema: { type: 'object', properties: {} } };
const named = (...names: string[]) => names.map((name) => ({ name, arguments: {} }));

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
    expect(await results(chatId)).toEqual([
      ['echo', { echoed: { path: 'a\u0000b', deep: { n: 1 } } }, false],
    ]);
  });

  it('that throw give the model an error to read', async () => {
    const broken = testTool('broken', () => Promise.reject(new Error('out of paper')));
    await harness.startWorker({ tools: [broken] });
    const chatId = await harness.createChat({ tool_calls: [named('broken')], reply: 'I see' });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([['broken', { error: 'out of paper' }, true]]);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('I see');
  });

  it('of the client wait for it, after the local ones, and then the turn goes on', async () => {
    await harness.startWorker({ tools: [echo] });
    const chatId = await harness.createChat(
      { tool_calls: [named('ask_client', 'echo')], reply: 'thanks' },
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

  it('of which one must be alone do not run beside it, nor is the client asked for its part', async () => {
    const runs: string[] = [];
    const alone = testTool('alone', () => Promise.resolve(runs.push('alone')), {
      annotations: { isExclusive: true },
    });
    await harness.startWorker({ tools: [alone, echo] });
    const chatId = await harness.createChat(
      { tool_calls: [named('ask_client', 'alone', 'echo')], reply: 'one by one then' },
      { dynamicTools: [askClient] },
    );
    await harness.until(chatId, 'waiting');
    expect(runs).toEqual([]);
    const answered = await results(chatId);
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
    const chatId = await harness.createChat({ tool_calls: [named('propose_plan', 'echo')], reply: 'never' });
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
      tool_calls: [named('where'), named('where', 'where'), named('where')],
      reply: 'here',
    });
    await harness.until(chatId, 'waiting');
    expect((await results(chatId)).map(([, result]) => result)).toEqual([
      { error: 'busy' },
      chatId,
      chatId,
      chatId,
    ]);
    expect(looks).toBe(2);
  });
});

describe('the journal of tools', () => {
  const counts = sql('test_count_calls', 'select count(*)::integer as count from chat_tool_calls');
  const journalled = async (): Promise<number> => {
    const [row] = await harness.testDatabase.database.query<{ count: number }>(counts, []);
    return row?.count ?? 0;
  };
  const harmful = { annotations: { isIdempotent: false } };

  it('is not kept for calls whose repetition does no harm', async () => {
    const statements: string[] = [];
    await harness.startWorker({
      tools: [echo],
      around: (name, run) => {
        statements.push(name);
        return run();
      },
    });
    const chatId = await harness.createChat({ tool_calls: [named('echo', 'echo')], reply: 'done' });
    await harness.until(chatId, 'waiting');
    expect(statements.filter((name) => /tool_calls/.test(name))).toEqual([]);
    expect(statements.filter((name) => /commit|finish/.test(name))).toEqual([
      'commit_step',
      'commit_results',
      'finish_turn',
    ]);
  });

  it('costs one statement for all calls that begin, and one for results that come while others run', async () => {
    const statements: string[] = [];
    let endSlow: (() => void) | undefined;
    const quick = testTool('quick', () => Promise.resolve({ n: 1 }), harmful);
    const slow = testTool('slow', () => new Promise<void>((resolve) => (endSlow = resolve)), harmful);
    await harness.startWorker({
      tools: [quick, slow, echo],
      around: (name, run) => {
        statements.push(name);
        return run();
      },
    });
    const chatId = await harness.createChat({
      tool_calls: [named('quick', 'quick', 'slow', 'echo')],
      reply: 'done',
    });
    await eventually(() => expect(statements).toContain('finish_tool_calls'));
    endSlow?.();
    await harness.until(chatId, 'waiting');
    const ofJournal = statements.filter((name) => /tool_calls/.test(name));
    expect(ofJournal.filter((name) => name === 'start_tool_calls')).toHaveLength(1);
    expect(ofJournal.length).toBeLessThanOrEqual(3);
    expect(await journalled()).toBe(0);
  });

  it('keeps what has ended, of what may have run says that nobody knows, and lets the harmless run again', async () => {
    const runs: string[] = [];
    const counted = (name: string, isIdempotent: boolean, isQuick = false) =>
      testTool(
        name,
        async (_args, context: ToolCallContext) => {
          runs.push(name);
          return isQuick || runs.length > 3 ? { run: runs.length } : untilStopped(context);
        },
        { annotations: { isIdempotent } },
      );
    const tools = [counted('done', false, true), counted('harmless', true), counted('harmful', false)];
    const first = await harness.startWorker({ tools });
    const chatId = await harness.createChat({
      tool_calls: [named('done', 'harmless', 'harmful')],
      reply: 'over',
    });
    const finished = sql('test_finished_calls', 'select 1 from chat_tool_calls where result is not null');
    await eventually(async () =>
      expect(await harness.testDatabase.database.query(finished, [])).toHaveLength(1),
    );
    await first.stop(0);
    await harness.startWorker({ tools });
    await harness.until(chatId, 'waiting');
    expect(runs).toEqual(['done', 'harmless', 'harmful', 'harmless']);
    const [done, harmless, unknown] = await results(chatId);
    expect(done).toEqual(['done', { run: 1 }, false]);
    expect(harmless).toEqual(['harmless', { run: 4 }, false]);
    expect(unknown?.[2]).toBe(true);
    expect(JSON.stringify(unknown?.[1])).toMatch(/outcome of this call is unknown/);
    expect(await journalled()).toBe(0);
  });

  it('keeps a call that ended from running again when its worker dies before the commit', async () => {
    let runs = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    let isReached: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const first = await harness.startWorker({
      tools: [pay],
      around: (name, run) => {
        if (name !== 'commit_results') return run();
        isReached?.();
        return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    });
    const chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'over' });
    await reached;
    await first.stop(0);
    await harness.startWorker({ tools: [pay] });
    await harness.until(chatId, 'waiting');
    expect(runs).toBe(1);
    const [[, result] = []] = await results(chatId);
    expect(JSON.stringify(result)).toMatch(/outcome of this call is unknown/);
  });

  it('lets a call run that was never begun, whoever has the chat', async () => {
    let runs = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    let isReached: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const first = await harness.startWorker({
      tools: [pay],
      around: (name, run) => {
        if (name !== 'start_tool_calls') return run();
        isReached?.();
        return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    });
    const chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'over' });
    await reached;
    await first.stop(0);
    expect(runs).toBe(0);
    await harness.startWorker({ tools: [pay] });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([['pay', { paid: 1 }, false]]);
  });

  it('tells what became of each call when the worker dies between an interrupt and its commit', async () => {
    let endings = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: 1 }), harmful);
    const ship = testTool('ship', (_args, context: ToolCallContext) => untilStopped(context), harmful);
    const look = testTool('look', (_args, context: ToolCallContext) => untilStopped(context));
    const tools = [pay, ship, look];
    const first = await harness.startWorker({
      tools,
      around: (name, run) => {
        if (name !== 'finish_interruption') return run();
        endings += 1;
        return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    });
    const chatId = await harness.createChat({
      tool_calls: [named('pay', 'ship', 'look')],
      reply: 'never',
    });
    const finished = sql(
      'test_finished_of',
      'select 1 from chat_tool_calls where chat_id = $1 and result is not null',
    );
    await eventually(async () =>
      expect(await harness.testDatabase.database.query(finished, [chatId])).toHaveLength(1),
    );
    expect(await interrupt(harness.store, { chatId })).toMatchObject({ ok: true });
    await eventually(() => expect(endings).toBeGreaterThan(0));
    await first.stop(0);
    await harness.startWorker({ tools });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([
      ['pay', { paid: 1 }, false],
      ['ship', { error: UNKNOWN_OUTCOME }, true],
      ['look', 'Cancelled: the tool call did not finish.', true],
    ]);
    expect(await journalled()).toBe(0);
  });

  it('tells that a call was not run when the interrupt came before its start', async () => {
    let runs = 0;
    let chatId = '';
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    await harness.startWorker({
      tools: [pay],
      around: async (name, run) => {
        if (name === 'start_tool_calls') await interrupt(harness.store, { chatId });
        return run();
      },
    });
    chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'never', first_byte_ms: 100 });
    await harness.until(chatId, 'waiting');
    expect(runs).toBe(0);
    expect(await results(chatId)).toEqual([['pay', 'Cancelled: the tool call was not run.', true]]);
  });

  it('tells what is known of the calls when their turn fails', async () => {
    const pay = testTool('pay', () => Promise.resolve({ paid: 1 }), harmful);
    await harness.startWorker({
      tools: [pay],
      around: (name, run) => (name === 'commit_results' ? Promise.reject(new Error('it panicked')) : run()),
    });
    const chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'never' });
    expect(await harness.until(chatId, 'error')).toMatchObject({ openCalls: [] });
    expect(await results(chatId)).toEqual([['pay', { error: UNKNOWN_OUTCOME }, true]]);
  });

  it('runs a call once although the answer to its start was lost', async () => {
    let runs = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    let losses = 1;
    await harness.startWorker({
      tools: [pay],
      around: async (name, run) => {
        const answer = await run();
        if (name !== 'start_tool_calls' || losses-- === 0) return answer;
        throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
      },
    });
    const chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'over' });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toEqual([['pay', { paid: 1 }, false]]);
  });

  it('does not let a runner that lost the chat begin anything', async () => {
    let runs = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    const steal = sql(
      'test_steal',
      'update chats set worker_id = null, runner_id = null where open_calls <> $1',
    );
    let thefts = 1;
    await harness.startWorker({
      tools: [pay],
      around: async (name, run) => {
        if (name === 'start_tool_calls' && thefts-- > 0)
          await harness.testDatabase.database.query(steal, ['[]']);
        return run();
      },
    });
    const chatId = await harness.createChat({ tool_calls: [named('pay')], reply: 'over' });
    await harness.until(chatId, 'waiting');
    // Begun in vain it would have been unknown to the runner that came after.
    expect(await results(chatId)).toEqual([['pay', { paid: 1 }, false]]);
  });
});
