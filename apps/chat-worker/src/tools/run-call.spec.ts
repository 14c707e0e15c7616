import { runCall } from './run-call';
import { ToolRegistry, type LocalTool } from './tool-registry';

const call = { type: 'tool-call' as const, tool_call_id: 'c1', tool_name: 'look', args: { at: 'this' } };
const context = { chatId: 'chat', ownerId: 'owner', toolCallId: 'c1', signal: new AbortController().signal };
const registryOf = (run: LocalTool['run'], isIdempotent = false): ToolRegistry =>
  new ToolRegistry([
    { definition: { name: 'look', description: '', inputSchema: { type: 'object' } }, isIdempotent, run },
  ]);

describe('runCall', () => {
  it('answers a call of a tool that nobody has with an error', async () => {
    const result = await runCall(new ToolRegistry([]), { call, mayHaveRun: false }, context);
    expect(result).toEqual({
      type: 'tool-result',
      tool_call_id: 'c1',
      tool_name: 'look',
      result: { error: 'There is no tool named "look".' },
      is_error: true,
    });
  });

  it('gives a tool that says nothing an empty result', async () => {
    const registry = registryOf(() => Promise.resolve(undefined));
    expect((await runCall(registry, { call, mayHaveRun: false }, context))?.result).toEqual({});
  });

  it('repeats a call that may have run only when that does no harm', async () => {
    const run = (args: unknown): Promise<unknown> => Promise.resolve({ saw: args });
    const harmful = await runCall(registryOf(run), { call, mayHaveRun: true }, context);
    expect(harmful?.is_error).toBe(true);
    const harmless = await runCall(registryOf(run, true), { call, mayHaveRun: true }, context);
    expect(harmless?.result).toEqual({ saw: { at: 'this' } });
  });

  it('has no result when it was stopped', async () => {
    const stopping = new AbortController();
    const registry = registryOf(() => {
      stopping.abort();
      return Promise.reject(new Error('stopped'));
    });
    const stopped = { ...context, signal: stopping.signal };
    expect(await runCall(registry, { call, mayHaveRun: false }, stopped)).toBeNull();
  });
});
