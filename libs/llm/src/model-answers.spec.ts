import { systemClock, type MessagePart } from '@parley/contracts';
import { type ControlInput, formatControlBlock } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import type { ModelRequest, ModelStreamPart } from './model-client';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import { asking, CASES, client, collect, idle, TOOL, useMock } from './testing/mock-clients';
import { generateTitle } from './title';
import { ProviderConnections } from './transport/provider-connections';

useMock();

function textOf(parts: readonly ModelStreamPart[]): string {
  return parts.map((part) => (part.type === 'text-delta' ? part.text : '')).join('');
}

describe.each(CASES)('%s', (_name, connection) => {
  it('streams a text in its chunks, counts the usage and finishes', async () => {
    const control = {
      reply: 'Grüße 🌍 from afar',
      chunk_size: 3,
      usage: {
        input_tokens: 100,
        output_tokens: 7,
        cached_tokens: 40,
        cache_write_tokens: 0,
        reasoning_tokens: 0,
      },
    };
    const parts = await collect(client(connection()).stream(asking(control), idle()));
    expect(textOf(parts)).toBe('Grüße 🌍 from afar');
    expect(parts.filter(({ type }) => type === 'text-delta').length).toBeGreaterThan(3);
    expect(parts.at(-1)).toMatchObject({
      type: 'finish',
      reason: 'stop',
      responseId: expect.any(String) as string,
    });
    const usage = parts.findLast((part) => part.type === 'usage')?.usage;
    expect(usage).toMatchObject({ output_tokens: 7, cache_read_tokens: 40 });
    expect(usage?.total_tokens).toBe(
      (usage?.input_tokens ?? 0) + (usage?.cache_read_tokens ?? 0) + (usage?.output_tokens ?? 0),
    );
  });

  it('assembles fragmented and parallel tool calls', async () => {
    const control: ControlInput = {
      argument_chunk_size: 2,
      tool_calls: [
        [
          { name: 'read_file', arguments: { path: '/äöü/a' } },
          { name: 'read_file', arguments: { path: '/b' } },
        ],
      ],
    };
    const parts = await collect(client(connection()).stream(asking(control, { tools: [TOOL] }), idle()));
    const calls = parts.filter((part) => part.type === 'tool-call');
    expect(calls.map(({ args }) => JSON.parse(args) as unknown)).toEqual([
      { path: '/äöü/a' },
      { path: '/b' },
    ]);
    expect(new Set(calls.map(({ toolCallId }) => toolCallId)).size).toBe(2);
    for (const { toolCallId, args } of calls) {
      const deltas = parts.filter(
        (part) => part.type === 'tool-call-delta' && part.toolCallId === toolCallId,
      );
      expect(deltas.map((part) => (part.type === 'tool-call-delta' ? part.argsDelta : '')).join('')).toBe(
        args,
      );
      expect(deltas.length).toBeGreaterThan(1);
    }
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'tool-calls' });
  });

  it('carries reasoning through several turns with tools without being refused', async () => {
    const rows: PromptRow[] = [];
    const add = (role: PromptRow['role'], content: MessagePart[]) =>
      rows.push({ id: rows.length + 1, role, content, visibility: 'both', compressed: false });
    for (const turn of [1, 2, 3]) {
      const control: ControlInput = {
        reply: `Answer ${turn}`,
        reasoning: `First thought ${turn}.\n\nSecond thought 🤔.`,
        tool_calls: [
          [
            { name: 'read_file', arguments: { path: '/a' } },
            { name: 'read_file', arguments: { path: '/b' } },
          ],
        ],
      };
      add('user', [{ type: 'text', text: `Turn ${turn} ${formatControlBlock(control)}` }]);
      for (let step = 0; step < 2; step += 1) {
        const accumulator = new StepAccumulator({ clock: systemClock, provider: 'test' });
        const request: ModelRequest = {
          messages: buildPrompt(rows, { contextLimit: 100_000 }),
          tools: [TOOL],
          settings: { reasoningEffort: 'medium' },
        };
        for await (const part of client(connection()).stream(request, idle())) accumulator.add(part);
        add('assistant', accumulator.content());
        const results = accumulator.toolCalls().map(({ toolCallId, toolName }): MessagePart => ({
          type: 'tool-result',
          tool_call_id: toolCallId,
          tool_name: toolName,
          result: { text: 'contents' },
        }));
        expect(results).toHaveLength(step === 0 ? 2 : 0);
        if (results.length > 0) add('tool', results);
      }
      expect(rows.at(-1)?.content).toContainEqual(
        expect.objectContaining({ type: 'text', text: `Answer ${turn}` }),
      );
    }
  });

  it('finishes with "length" when the model was cut off', async () => {
    const parts = await collect(client(connection()).stream(asking({ finish_reason: 'length' }), idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'length' });
  });

  it('reuses the connection of an answer that came to its end', async () => {
    const opened = new Set<number>();
    const own = new ProviderConnections();
    for (let turn = 0; turn < 3; turn += 1) {
      await collect(client(connection(), { connections: own }).stream(asking({}), idle()));
      await eventually(() => expect(own.idleSockets().length).toBeGreaterThan(0));
      for (const port of own.idleSockets()) opened.add(port);
    }
    own.close();
    expect(opened.size).toBe(1);
  });

  it('names a conversation', async () => {
    const control: ControlInput = {
      structured: { title: 'Greeting the World' },
      reply: '{"title":"Greeting the World"}',
    };
    const asked = `Say hello ${formatControlBlock(control)}`;
    expect(await generateTitle(client(connection()), asked, idle())).toBe('Greeting the World');
  });
});
