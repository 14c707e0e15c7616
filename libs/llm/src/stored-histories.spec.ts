/** Each history of the corpus, through all three APIs, at the strict mock: none is refused. */
import { buildPrompt } from './prompt/build-prompt';
import type { PromptMessage } from './model-client';
import { CASES, client, collect, failureOf, idle, refusals, TOOL, useMock } from './testing/mock-clients';
import { storedHistories } from './testing/stored-histories';

useMock();

const HISTORIES = storedHistories();
const tools = [{ ...TOOL, name: 'read' }];

it('holds at least sixty histories, each under a name of its own', () => {
  expect(HISTORIES.length).toBeGreaterThanOrEqual(60);
  expect(new Set(HISTORIES.map(({ name }) => name)).size).toBe(HISTORIES.length);
});

describe.each(CASES)('%s', (_name, connection) => {
  it.each(HISTORIES.map(({ name, rows }) => [name, rows] as const))('takes %s', async (_history, rows) => {
    const refusedBefore = await refusals();
    const messages = buildPrompt(rows, { contextLimit: 10_000 });
    const settings = { reasoningEffort: 'high' as const };
    const parts = await collect(client(connection()).stream({ messages, tools, settings }, idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    // Not even once, to be asked again without what was refused.
    expect(await refusals()).toBe(refusedBefore);
  });

  it('would refuse a call without its result, so that taking the others says something', async () => {
    const messages: PromptMessage[] = [
      { role: 'user', parts: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', parts: [{ type: 'tool-call', toolCallId: 'c1', toolName: 'read', args: {} }] },
      { role: 'user', parts: [{ type: 'text', text: 'Go on' }] },
    ];
    const error = await failureOf(client(connection()).stream({ messages, tools, settings: {} }, idle()));
    expect(error).toMatchObject({ statusCode: 400 });
  });
});
