import type { ChatMessage, MessagePart, StreamEvent } from '@parley/contracts';
import { StreamFold } from './stream-fold';

const CHAT = '00000000-0000-0000-0000-000000000001';
const NAMED = { tool_call_id: 'c', tool_name: 'lookup' };

/** An episode of these parts. */
const live = (role: 'assistant' | 'tool', ...parts: MessagePart[]): StreamEvent[] =>
  parts.map((part, index) => ({
    type: 'message_part',
    chat_id: CHAT,
    message_part: {
      role,
      part,
      history_version: role === 'assistant' ? 2 : 3,
      generation_attempt: 1,
      seq: index + 1,
    },
  }));

const row = (id: number, role: ChatMessage['role'], ...content: MessagePart[]): StreamEvent => ({
  type: 'message',
  chat_id: CHAT,
  message: { id, chat_id: CHAT, role, created_at: '2026-01-01T00:00:00Z', content },
});

const delta = (args: string): MessagePart => ({ type: 'tool-call', ...NAMED, args_delta: args });
const call = (args: unknown, id = 'c'): MessagePart => ({
  type: 'tool-call',
  ...NAMED,
  tool_call_id: id,
  args,
});
const result = (value: unknown): MessagePart => ({ type: 'tool-result', ...NAMED, result: value });

function found(...events: StreamEvent[]): string[] {
  const fold = new StreamFold();
  events.forEach((event, index) => fold.apply(event, index));
  return fold.findings.map(({ kind, detail }) => `${kind}: ${detail}`);
}

const STREAMED = live('assistant', delta(''), delta('{"b":2,'), delta('"a":1}'));

describe('tool calls that are streamed', () => {
  it('are committed as they were', () => {
    expect(found(...STREAMED, row(2, 'assistant', call({ a: 1, b: 2 })))).toEqual([]);
    const differs = ['tool_call_differs: message 2 does not hold call c as it was streamed'];
    expect(found(...STREAMED, row(2, 'assistant', call({ a: 1, b: 3 })))).toEqual(differs);
    expect(found(...STREAMED, row(2, 'assistant', call({ a: 1, b: 2 }, 'd')))).toEqual(differs);
    expect(found(...STREAMED, row(2, 'assistant'))).toEqual(differs);
  });

  it('are not compared before their arguments have come to the end', () => {
    expect(found(...STREAMED.slice(0, 2), row(2, 'assistant', call({ a: 1, b: 2 })))).toEqual([]);
    expect(found(...STREAMED.slice(0, 2), row(2, 'assistant'))).toEqual([]);
  });
});

describe('results that are streamed', () => {
  const streamed = live('tool', result({ ok: true }));

  it('are committed as they were, and are no part of what comes later', () => {
    const committed = row(3, 'tool', result({ ok: true }));
    expect(found(...streamed, committed, row(4, 'tool', result('another')))).toEqual([]);
    const differs = ['tool_result_differs: message 3 does not hold the result of call c as it was streamed'];
    expect(found(...streamed, row(3, 'tool', result({ ok: false })))).toEqual(differs);
    expect(found(...streamed, row(3, 'tool'))).toEqual(differs);
  });
});
