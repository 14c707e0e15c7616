import { interrupt, UNKNOWN_OUTCOME } from '@parley/chat-state';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { connectionError, Harness } from '../testing/harness';
import { callsOf, testTool, toolResults, untilStopped } from '../testing/test-tool';
import type { ToolCallContext } from './local-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const echo = testTool('echo', (args) => Promise.resolve({ echoed: args }));

describe('the journal of tools', () => {
  const counts = sql('test_count_calls', 'select count(*)::integer as count from chat_tool_calls');
  const journalled = async (): Promise<number> => {
    const [row] = await harness.testDatabase.database.query<{ count: number }>(counts, []);
    return row?.count ?? 0;
  };
  const harmful = { annotations: { isIdempotent: false } };

  /** A worker that pays, and is cut off from Postgres at that statement, and dies. */
  async function diesAt(statement: string) {
    let runs = 0;
    const pay = testTool('pay', () => Promise.resolve({ paid: (runs += 1) }), harmful);
    let isReached: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const worker = await harness.startWorker({
      tools: [pay],
      around: (name, run) => {
        if (name !== statement) return run();
        isReached?.();
        return Promise.reject(connectionError());
      },
    });
    const chatId = await harness.createChat({ tool_calls: [callsOf('pay')], reply: 'over' });
    await reached;
    await worker.stop(0);
    return { chatId, pay, runs: () => runs };
  }

  it('is not kept for calls whose repetition does no harm', async () => {
    const statements: string[] = [];
    await harness.startWorker({
      tools: [echo],
      around: (name, run) => {
        statements.push(name);
        return run();
      },
    });
    const chatId = await harness.createChat({ tool_calls: [callsOf('echo', 'echo')], reply: 'done' });
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
      tool_calls: [callsOf('quick', 'quick', 'slow', 'echo')],
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
      tool_calls: [callsOf('done', 'harmless', 'harmful')],
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
    const [done, harmless, unknown] = await toolResults(harness, chatId);
    expect(done).toEqual(['done', { run: 1 }, false]);
    expect(harmless).toEqual(['harmless', { run: 4 }, false]);
    expect(unknown?.[2]).toBe(true);
    expect(JSON.stringify(unknown?.[1])).toMatch(/outcome of this call is unknown/);
    expect(await journalled()).toBe(0);
  });

  it('keeps a call that ended from running again when its worker dies before the commit', async () => {
    const { chatId, pay, runs } = await diesAt('commit_results');
    await harness.startWorker({ tools: [pay] });
    await harness.until(chatId, 'waiting');
    expect(runs()).toBe(1);
    const [[, result] = []] = await toolResults(harness, chatId);
    expect(JSON.stringify(result)).toMatch(/outcome of this call is unknown/);
  });

  it('lets a call run that was never begun, whoever has the chat', async () => {
    const { chatId, pay, runs } = await diesAt('start_tool_calls');
    expect(runs()).toBe(0);
    await harness.startWorker({ tools: [pay] });
    await harness.until(chatId, 'waiting');
    expect(await toolResults(harness, chatId)).toEqual([['pay', { paid: 1 }, false]]);
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
        return Promise.reject(connectionError());
      },
    });
    const chatId = await harness.createChat({
      tool_calls: [callsOf('pay', 'ship', 'look')],
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
    expect(await toolResults(harness, chatId)).toEqual([
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
    chatId = await harness.createChat({ tool_calls: [callsOf('pay')], reply: 'never', first_byte_ms: 100 });
    await harness.until(chatId, 'waiting');
    expect(runs).toBe(0);
    expect(await toolResults(harness, chatId)).toEqual([
      ['pay', 'Cancelled: the tool call was not run.', true],
    ]);
  });

  it('tells what is known of the calls when their turn fails', async () => {
    const pay = testTool('pay', () => Promise.resolve({ paid: 1 }), harmful);
    await harness.startWorker({
      tools: [pay],
      around: (name, run) => (name === 'commit_results' ? Promise.reject(new Error('it panicked')) : run()),
    });
    const chatId = await harness.createChat({ tool_calls: [callsOf('pay')], reply: 'never' });
    expect(await harness.until(chatId, 'error')).toMatchObject({ openCalls: [] });
    expect(await toolResults(harness, chatId)).toEqual([['pay', { error: UNKNOWN_OUTCOME }, true]]);
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
        throw connectionError();
      },
    });
    const chatId = await harness.createChat({ tool_calls: [callsOf('pay')], reply: 'over' });
    await harness.until(chatId, 'waiting');
    expect(await toolResults(harness, chatId)).toEqual([['pay', { paid: 1 }, false]]);
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
    const chatId = await harness.createChat({ tool_calls: [callsOf('pay')], reply: 'over' });
    await harness.until(chatId, 'waiting');
    // Begun in vain it would have been unknown to the runner that came after.
    expect(await toolResults(harness, chatId)).toEqual([['pay', { paid: 1 }, false]]);
  });
});
