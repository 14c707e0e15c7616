import type { ChatHead } from '@parley/chat-state';
import { FakeClock } from '@parley/testing';
import { z } from 'zod';
import { testTool, untilStopped } from '../testing/test-tool';
import { MAX_RESULT_BYTES } from './cap-result';
import { defineTool, type LocalTool, type ToolCallContext } from './local-tool';
import { isRunnable, planCalls, type PlannedCall } from './plan-calls';
import { runCall } from './run-call';
import { Stragglers } from './stragglers';
import { ToolRegistry } from './tool-registry';

const chat = { id: 'chat', allowedTools: null } as unknown as ChatHead;
const call = (name = 'look', args: unknown = { at: 'this' }, id = 'c1') => ({
  type: 'tool-call' as const,
  tool_call_id: id,
  tool_name: name,
  args,
});

class World {
  readonly clock = new FakeClock();
  readonly logged: string[] = [];
  readonly stragglers = new Stragglers({
    clock: this.clock,
    logger: { warn: (_fields, message) => void this.logged.push(message) },
  });
  readonly abort = new AbortController();

  run(tool: LocalTool, args: unknown = { at: 'this' }) {
    const [planned] = plan([tool], [call(tool.definition.name, args)]);
    if (planned === undefined) throw new Error('nothing was planned');
    if (!isRunnable(planned)) return Promise.resolve(planned.result);
    const context: ToolCallContext = {
      turn: { chat },
      toolCallId: 'c1',
      callKey: 'chat:1:c1',
      signal: this.abort.signal,
      waitingFor: (wait) => wait(),
    };
    return runCall(planned, context, this);
  }
}

const plan = (tools: readonly LocalTool[], calls: ReturnType<typeof call>[]): PlannedCall[] =>
  planCalls(calls, { registry: new ToolRegistry(tools), chat });

describe('a call', () => {
  it('of a tool that nobody has is answered with an error', () => {
    expect(plan([], [call()])).toMatchObject([
      { result: { tool_call_id: 'c1', result: { error: 'There is no tool named "look".' }, is_error: true } },
    ]);
  });

  it('of a tool that the chat was not allowed at its birth is one of a tool that is not there', () => {
    const look = testTool('look', () => Promise.resolve({}));
    const held = { ...chat, allowedTools: ['read'] };
    const registry = new ToolRegistry([look]);
    expect(registry.toolsOf(held)).toEqual([]);
    expect(planCalls([call()], { registry, chat: held }).filter(isRunnable)).toEqual([]);
    expect(registry.toolsOf({ ...held, allowedTools: ['look'] })).toEqual([look]);
  });

  it('may use an old name of its tool, which is not offered any more', () => {
    const look = { ...testTool('look', () => Promise.resolve({})), aliases: ['peek'] };
    expect(plan([look], [call('peek')]).filter(isRunnable)).toHaveLength(1);
    expect(() => new ToolRegistry([look, testTool('peek', () => Promise.resolve({}))])).toThrow(/"peek"/);
  });

  it('has the result of its tool; one that says nothing has an empty one', async () => {
    const world = new World();
    const echo = testTool('look', (args) => Promise.resolve({ saw: args }));
    expect(await world.run(echo)).toMatchObject({ result: { saw: { at: 'this' } } });
    const silent = testTool('look', () => Promise.resolve(undefined));
    expect((await world.run(silent))?.result).toEqual({});
  });

  it('whose arguments do not fit the schema does nothing, and the model reads why', async () => {
    let runs = 0;
    const tool = defineTool({
      name: 'look',
      description: 'Looks',
      input: z.strictObject({ at: z.string(), times: z.int().max(3).optional() }),
      run: () => Promise.resolve((runs += 1)),
    });
    expect(tool.definition.inputSchema).toMatchObject({
      type: 'object',
      required: ['at'],
      additionalProperties: false,
    });
    const world = new World();
    for (const args of [
      {},
      { at: 1 },
      { at: 'x', times: 4 },
      { at: 'x', more: true },
      'not json',
      [1],
      null,
    ]) {
      const result = await world.run(tool, args);
      expect(result?.is_error).toBe(true);
      expect(JSON.stringify(result?.result)).toMatch(/arguments are not valid .*Nothing was done/);
    }
    expect(runs).toBe(0);
    await world.run(tool, { at: 'x', times: 3 });
    expect(runs).toBe(1);
  });

  it('that must be alone is refused beside others, and the others with it', () => {
    const alone = testTool('alone', () => Promise.resolve({}), { annotations: { isExclusive: true } });
    const look = testTool('look', () => Promise.resolve({}));
    const planned = plan([alone, look], [call('look'), call('alone', {}, 'c2'), call('nobody', {}, 'c3')]);
    expect(planned.filter(isRunnable)).toEqual([]);
    expect(plan([alone, look], [call('alone')]).filter(isRunnable)).toHaveLength(1);
  });

  it('whose result is very large keeps its head and its tail', async () => {
    const text = `head${'x'.repeat(2 * MAX_RESULT_BYTES)}tail`;
    const result = await new World().run(testTool('look', () => Promise.resolve(text)));
    const { output, truncated } = result?.result as { output: string; truncated: object };
    expect(output).toMatch(/^headx.*bytes cut out.*xtail$/s);
    expect(Buffer.byteLength(output)).toBeLessThan(MAX_RESULT_BYTES + 100);
    expect(truncated).toMatchObject({
      original_bytes: text.length,
      omitted_bytes: text.length - MAX_RESULT_BYTES,
    });
  });

  it('whose result is no JSON has an error', async () => {
    const circle: Record<string, unknown> = {};
    circle['self'] = circle;
    for (const result of [circle, { big: 1n }])
      expect((await new World().run(testTool('look', () => Promise.resolve(result))))?.is_error).toBe(true);
  });

  it('that takes too long ends with an error, and its tool is told to stop', async () => {
    const world = new World();
    let wasStopped = false;
    const slow = testTool(
      'look',
      (_args, context) => untilStopped(context).finally(() => (wasStopped = true)),
      { timeoutMs: 5_000 },
    );
    const running = world.run(slow);
    await world.clock.waitForSleeper('tool timeout');
    await world.clock.advance(5_000);
    const result = await running;
    expect(result?.is_error).toBe(true);
    expect(JSON.stringify(result?.result)).toMatch(/longer than 5 seconds/);
    expect(wasStopped).toBe(true);
  });

  it('has no result when it was stopped, also when its tool does not listen', async () => {
    const world = new World();
    let end: (() => void) | undefined;
    const deaf = testTool('look', () => new Promise<void>((resolve) => (end = resolve)));
    const running = world.run(deaf);
    world.abort.abort();
    expect(await running).toBeNull();
    expect(world.stragglers.count).toBe(1);
    await world.clock.waitForSleeper('straggler');
    await world.clock.advance(1_000);
    end?.();
    await world.stragglers.stop();
    expect(world.stragglers.count).toBe(0);
    expect(world.logged).toEqual(['A tool goes on although its call has ended']);
  });

  it('leaves no tool behind that ends by itself, and none holds up the stop of the worker', async () => {
    const world = new World();
    await world.run(testTool('look', () => Promise.resolve({})));
    expect(world.stragglers.count).toBe(0);
    const running = world.run(testTool('look', () => new Promise<void>(() => undefined)));
    world.abort.abort();
    await running;
    const stopped = world.stragglers.stop();
    await world.clock.waitForSleeper('stragglers');
    await world.clock.advance(1_000);
    await stopped;
    expect(world.logged).toContain('Tools that do not stop were left behind');
  });
});
