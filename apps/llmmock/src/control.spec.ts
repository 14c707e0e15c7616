import { controlOfPrompt, parseControl } from './control';
import { formatControlBlock, lastControlBlock, withoutControlBlocks } from './control-block';

describe('control blocks', () => {
  test('a block is found anywhere in the text, and what it says survives brackets, braces and quotes', () => {
    const control = { reply: 'a "]] }" \\ [[mock ', key: 'k' };
    const text = `before ${formatControlBlock(control)} after`;
    expect(controlOfPrompt(text)).toEqual(control);
    expect(withoutControlBlocks(text)).toBe('before  after');
  });

  test('of several blocks the last one wins', () => {
    const text = `${formatControlBlock({ reply: 'first' })} and ${formatControlBlock({ key: 'second' })}`;
    expect(controlOfPrompt(text)).toEqual({ key: 'second' });
    expect(withoutControlBlocks(text)).toBe('and');
  });

  test('a text without a block has none, also when it talks about mocks', () => {
    expect(lastControlBlock('the [[mock bird]] sings')).toBeUndefined();
    expect(controlOfPrompt('nothing')).toBeUndefined();
    expect(withoutControlBlocks('the [[mock bird]] sings')).toBe('the [[mock bird]] sings');
  });

  test.each([
    ['{"repyl":"x"}', /repyl/],
    ['{"chunk_ms":{"uniform":[5,1]}}', /chunk_ms/],
    ['{"fault":{"kind":"explode"}}', /fault\.kind/],
    ['{"fault":{"kind":"status","status":200}}', /fault\.status/],
    ['{"fault":{"kind":"status"}}', /fault\.status/],
    ['{"tool_calls":[[]]}', /tool_calls\.0/],
    ['{"usage":{"input_tokens":-1}}', /usage\.input_tokens/],
    ['[]', /the block/],
    ['{', /is not JSON/],
  ])('the block %s is refused with 400, naming the field', (json, message) => {
    expect(() => parseControl(json, 'the prompt')).toThrow(message);
    expect(() => parseControl(json, 'the prompt')).toThrow(expect.objectContaining({ status: 400 }) as Error);
  });
});
