import type { MessagePart } from '@parley/contracts';
import fc from 'fast-check';
import { conversationText, PROPOSAL_BOUNDS, type ConversationMessage } from './conversation-text';

const say = (role: ConversationMessage['role'], text: string): ConversationMessage => ({
  role,
  content: [{ type: 'text', text }],
});
const turn = (n: number): ConversationMessage[] => [
  say('user', `asked ${n}`),
  say('assistant', `answered ${n}`),
];

describe('a conversation as text', () => {
  it('is the first message and the last three turns', () => {
    const text = conversationText([1, 2, 3, 4, 5].flatMap(turn), PROPOSAL_BOUNDS);
    expect(text.split('\n\n')).toEqual([
      'User: asked 1',
      'User: asked 3',
      'Assistant: answered 3',
      'User: asked 4',
      'Assistant: answered 4',
      'User: asked 5',
      'Assistant: answered 5',
    ]);
  });

  it('says nothing twice when there is one turn only', () => {
    expect(conversationText(turn(1), PROPOSAL_BOUNDS)).toBe('User: asked 1\n\nAssistant: answered 1');
    expect(conversationText([say('user', 'asked')], PROPOSAL_BOUNDS)).toBe('User: asked');
  });

  it('leaves out what people do not read: tools, reasoning, system messages, blanks', () => {
    const content: MessagePart[] = [
      { type: 'reasoning', text: 'hidden' },
      { type: 'tool-call', tool_call_id: '1', tool_name: 't', args: {} },
    ];
    const messages: ConversationMessage[] = [
      say('system', 'be good'),
      say('user', 'asked'),
      { role: 'assistant', content },
      { role: 'tool', content: [{ type: 'tool-result', tool_call_id: '1', tool_name: 't', result: 'x' }] },
      say('assistant', ' \n'),
    ];
    expect(conversationText(messages, PROPOSAL_BOUNDS)).toBe('User: asked');
    expect(conversationText([say('system', 'be good')], PROPOSAL_BOUNDS)).toBe('');
  });

  it('keeps a pasted log from pushing out what the conversation is about', () => {
    const messages = [...turn(1), ...turn(2), say('user', 'l'.repeat(50_000))];
    const text = conversationText(messages, PROPOSAL_BOUNDS);
    expect(text).toContain('asked 1');
    expect(text).toContain('answered 2');
    expect(text.match(/l+$/)?.[0]).toHaveLength(1_000);
  });

  it('stays within its bounds, whatever was said, and is well-formed', () => {
    const message = fc.tuple(
      fc.constantFrom('user', 'assistant', 'tool'),
      fc.string({ unit: 'binary', maxLength: 9_000, size: 'max' }),
    );
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (said) => {
        const messages = said.map(([role, text]) => say(role as ConversationMessage['role'], text));
        const text = conversationText(messages, PROPOSAL_BOUNDS);
        expect(text.length).toBeLessThanOrEqual(6_000 + 12 * '\n\nAssistant: '.length);
        expect(text.isWellFormed()).toBe(true);
      }),
      { numRuns: 50, verbose: 1 },
    );
  });
});
