/** What providers sign, encrypt or remember: it goes back to its maker alone, and a chat outlives that its maker refuses it. */
import { systemClock, type MessagePart } from '@parley/contracts';
import { formatControlBlock } from '@parley/llmmock';
import type { ModelConnection } from './adapters/model-connection';
import { buildPrompt } from './prompt/build-prompt';
import type { PromptRow } from './prompt/prompt-row';
import { StepAccumulator } from './step-accumulator';
import {
  CASES,
  client,
  collect,
  failureOf,
  idle,
  ledger,
  refusals,
  TOOL,
  useMock,
} from './testing/mock-clients';

useMock();

const connectionOf = (name: string): ModelConnection => {
  const found = CASES.find(([each]) => each.startsWith(name));
  if (found === undefined) throw new Error(`no connection ${name}`);
  return found[1]();
};
const user = (id: number, control: Parameters<typeof formatControlBlock>[0] = {}): PromptRow => ({
  id,
  role: 'user',
  content: [{ type: 'text', text: `Go ${formatControlBlock(control)}` }],
  visibility: 'both',
  compressed: false,
});
const settings = { reasoningEffort: 'high' as const };
const requestOf = (rows: readonly PromptRow[]) => ({
  messages: buildPrompt(rows),
  tools: [TOOL],
  settings,
});

/** A turn of a model that thought, called a tool, thought again and answered; then the next question. */
async function historyBy(connection: ModelConnection, key: string): Promise<PromptRow[]> {
  const calls = [[{ name: TOOL.name }]];
  const rows = [user(1, { reasoning: 'I think.', tool_calls: calls, reply: 'Done' })];
  const add = (role: PromptRow['role'], content: MessagePart[]) =>
    rows.push({ id: rows.length + 1, role, content, visibility: 'both', compressed: false });
  for (let step = 0; step < 2; step += 1) {
    const made = new StepAccumulator({ clock: systemClock, provider: connection.type });
    for await (const part of client(connection).stream(requestOf(rows), idle())) made.add(part);
    add('assistant', made.content());
    const results = made.toolCalls().map(({ toolCallId, toolName }): MessagePart => ({
      type: 'tool-result',
      tool_call_id: toolCallId,
      tool_name: toolName,
      result: 'read',
    }));
    if (results.length > 0) add('tool', results);
  }
  return [...rows, user(rows.length + 1, { key, reasoning: 'Again.', reply: 'Fine' })];
}

/** As a part is once keys or accounts have changed: its provider made it, and cannot read it any more. */
function spoilt(part: MessagePart): MessagePart {
  if (part.type !== 'reasoning') return part;
  const text = JSON.stringify(part.provider_metadata).replace(
    /("(?:signature|encrypted_content)":"....)./g,
    '$1!',
  );
  return { ...part, provider_metadata: JSON.parse(text) as Record<string, unknown> };
}

describe.each(['OpenAI Responses', 'Anthropic'])('%s', (name) => {
  it('takes its own reasoning back', async () => {
    const key = `own ${name}`;
    const rows = await historyBy(connectionOf(name), key);
    const refusedBefore = await refusals();
    await collect(client(connectionOf(name)).stream(requestOf(rows), idle()));
    expect(await ledger(key)).toMatchObject([{ status: 200 }]);
    expect(await refusals()).toBe(refusedBefore);
  });

  it('is asked again, without, when it refuses what it has made itself', async () => {
    const key = `spoilt ${name}`;
    const rows = await historyBy(connectionOf(name), key);
    const old = rows.map((row) => ({ ...row, content: row.content.map(spoilt) }));
    const refusedBefore = await refusals();
    const parts = await collect(client(connectionOf(name)).stream(requestOf(old), idle()));
    expect(parts.at(-1)).toMatchObject({ type: 'finish', reason: 'stop' });
    expect(await refusals()).toBe(refusedBefore + 1);
    expect(await ledger(key)).toMatchObject([{ status: 200 }]);
  });
});

it.each([
  ['another model', { modelName: 'claude-opus-5' }],
  ['an older model', { modelName: 'claude-sonnet-4-5' }],
  ['another provider', { providerId: 'elsewhere', modelName: 'claude-opus-5' }],
])('thinking does not go to %s, which would refuse it', async (who, other) => {
  const key = `switch to ${who}`;
  const rows = await historyBy(connectionOf('Anthropic'), key);
  const next = { ...connectionOf('Anthropic'), ...other };
  const refusedBefore = await refusals();
  // Once in the middle of the tool loop, once after it.
  await collect(client(next).stream(requestOf(rows.slice(0, 3)), idle()));
  await collect(client(next).stream(requestOf(rows), idle()));
  expect(await refusals()).toBe(refusedBefore);
});

it('a refusal for anything else is not asked about again', async () => {
  const key = 'refused for good';
  const rows = await historyBy(connectionOf('OpenAI Responses'), 'unused');
  const fault = { kind: 'status', status: 400, message: 'No' } as const;
  const asked = [...rows.slice(0, -1), user(9, { key, fault })];
  expect(
    await failureOf(client(connectionOf('OpenAI Responses')).stream(requestOf(asked), idle())),
  ).toMatchObject({ statusCode: 400 });
  expect(await ledger(key)).toHaveLength(1);
});
