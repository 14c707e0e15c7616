import type { MessagePart } from '@parley/contracts';
import { ModelError } from './errors';
import type { ModelStreamPart } from './model-client';
import { MAX_STEP_CHARACTERS, StepAccumulator } from './step-accumulator';

let now = Date.UTC(2026, 0, 1);
const clock = { now: () => now };

function run(parts: readonly ModelStreamPart[]): { step: StepAccumulator; live: MessagePart[] } {
  const step = new StepAccumulator({ clock, provider: 'openai' });
  const live = parts.flatMap((part) => {
    now += 1_000;
    return step.add(part);
  });
  return { step, live };
}

const at = (seconds: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();

beforeEach(() => {
  now = Date.UTC(2026, 0, 1);
});

it('folds reasoning, text and calls into the parts of one message', () => {
  const { step, live } = run([
    { type: 'reasoning-start' },
    { type: 'reasoning-delta', text: 'Let me ' },
    { type: 'reasoning-delta', text: 'see.' },
    { type: 'reasoning-end', providerMetadata: { anthropic: { signature: 's' } } },
    { type: 'text-delta', text: 'I read.' },
    { type: 'text-end' },
    { type: 'tool-call-start', toolCallId: 'a', toolName: 'read' },
    { type: 'tool-call-start', toolCallId: 'b', toolName: 'list' },
    { type: 'tool-call-delta', toolCallId: 'a', argsDelta: '{"p":' },
    { type: 'tool-call-delta', toolCallId: 'b', argsDelta: '{}' },
    { type: 'tool-call-delta', toolCallId: 'a', argsDelta: '1}' },
    { type: 'tool-call', toolCallId: 'b', toolName: 'list', args: '{}' },
    { type: 'tool-call', toolCallId: 'a', toolName: 'read', args: '{"p":1}' },
    { type: 'usage', usage: { input_tokens: 1, output_tokens: 2 } },
    { type: 'finish', reason: 'tool-calls', responseId: 'r' },
  ]);
  expect(step.content()).toEqual([
    {
      type: 'reasoning',
      text: 'Let me see.',
      created_at: at(1),
      completed_at: at(4),
      provider_metadata: { anthropic: { signature: 's' } },
    },
    { type: 'text', text: 'I read.' },
    { type: 'tool-call', tool_call_id: 'a', tool_name: 'read', args: { p: 1 }, created_at: at(7) },
    { type: 'tool-call', tool_call_id: 'b', tool_name: 'list', args: {}, created_at: at(8) },
  ]);
  expect(step.toolCalls().map(({ toolCallId }) => toolCallId)).toEqual(['a', 'b']);
  expect(step).toMatchObject({ finishReason: 'tool-calls', responseId: 'r', usage: { output_tokens: 2 } });
  expect(live.filter((part) => part.type === 'tool-call')).toEqual([
    { type: 'tool-call', tool_call_id: 'a', tool_name: 'read', args_delta: '' },
    { type: 'tool-call', tool_call_id: 'b', tool_name: 'list', args_delta: '' },
    { type: 'tool-call', tool_call_id: 'a', tool_name: 'read', args_delta: '{"p":' },
    { type: 'tool-call', tool_call_id: 'b', tool_name: 'list', args_delta: '{}' },
    { type: 'tool-call', tool_call_id: 'a', tool_name: 'read', args_delta: '1}' },
  ]);
});

it('never shows half a surrogate pair, and shows in the end exactly what it stores', () => {
  const { step, live } = run([
    { type: 'text-delta', text: 'a\ud83c' },
    { type: 'text-delta', text: '\udf0d b' },
    { type: 'text-delta', text: 'c\ud83c' },
    { type: 'finish', reason: 'length' },
  ]);
  const texts = live.map((part) => (part.type === 'text' ? part.text : ''));
  expect(texts.every((text) => text.isWellFormed())).toBe(true);
  expect(texts.join('')).toBe('a🌍 bc\uFFFD');
  expect(step.content()).toEqual([{ type: 'text', text: 'a🌍 bc\uFFFD' }]);
});

it('keeps arguments that are no JSON as text', () => {
  const { step } = run([
    { type: 'tool-call', toolCallId: 'a', toolName: 'read', args: '{"p":' },
    { type: 'tool-call', toolCallId: 'b', toolName: 'read', args: '' },
    { type: 'finish', reason: 'length' },
  ]);
  expect(step.toolCalls().map(({ args }) => args)).toEqual(['{"p":', {}]);
});

it('shows the arguments of a call that came whole', () => {
  const { live } = run([{ type: 'tool-call', toolCallId: 'a', toolName: 'read', args: '{"p":1}' }]);
  expect(live).toEqual([{ type: 'tool-call', tool_call_id: 'a', tool_name: 'read', args_delta: '{"p":1}' }]);
});

it('gives after an interrupt what was seen, without calls that are not whole', () => {
  const { step } = run([
    { type: 'reasoning-start' },
    { type: 'reasoning-delta', text: 'Hm' },
    { type: 'tool-call-start', toolCallId: 'a', toolName: 'read' },
    { type: 'tool-call-delta', toolCallId: 'a', argsDelta: '{"p"' },
    { type: 'text-delta', text: 'Half an ans' },
  ]);
  expect(step.partial()).toEqual([
    { type: 'reasoning', text: 'Hm', created_at: at(1), completed_at: at(3) },
    { type: 'text', text: 'Half an ans' },
  ]);
  expect(step.toolCalls()).toEqual([]);
});

it('drops what the model left empty, but not reasoning that only carries data', () => {
  const { step } = run([
    { type: 'text-delta', text: '' },
    { type: 'text-end', providerMetadata: { openai: { item_id: 'm' } } },
    { type: 'reasoning-start' },
    { type: 'reasoning-end' },
    { type: 'reasoning-start' },
    { type: 'reasoning-end', providerMetadata: { openai: { item_id: 'r' } } },
    { type: 'finish', reason: 'stop' },
  ]);
  expect(step.content()).toEqual([
    expect.objectContaining({ type: 'reasoning', text: '', provider_metadata: { openai: { item_id: 'r' } } }),
  ]);
});

it('refuses an answer without end', () => {
  const step = new StepAccumulator({ clock, provider: 'openai' });
  const part: ModelStreamPart = { type: 'text-delta', text: 'x'.repeat(1024 * 1024) };
  for (let count = 0; count < MAX_STEP_CHARACTERS / (1024 * 1024); count += 1) step.add(part);
  expect(() => step.add(part)).toThrow(ModelError);
});
