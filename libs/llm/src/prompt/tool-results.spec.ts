import type { ToolResultPart } from '@parley/contracts';
import { cutMiddle, maxToolResultBytes } from './cut-text';
import { resultContent } from './tool-results';

const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex').toString('base64');

function part(result: unknown, more: Partial<ToolResultPart> = {}): ToolResultPart {
  return { type: 'tool-result', tool_call_id: 'a', tool_name: 't', result, ...more };
}

it.each<[string, unknown, boolean, string]>([
  ['null', null, false, '{}'],
  ['nothing', undefined, false, '{}'],
  ['an empty text', '', false, '{}'],
  ['an object', { a: 1 }, false, '{"a":1}'],
  ['JSON text', '[1,2]', false, '[1,2]'],
  ['plain text', 'done', false, '{"output":"done"}'],
  ['an error text', 'boom', true, '{"error":"boom"}'],
  ['an error object', { error: 'boom', code: 1 }, true, '{"error":"boom","code":1}'],
  ['an error without words', null, true, '{"error":"unknown error"}'],
  ['a lone surrogate', { a: '\ud800' }, false, '{"a":"\\ud800"}'],
])('%s is sent as a model can read it', (_what, result, isError, expected) => {
  const content = resultContent(part(result, { is_error: isError }), 1_000);
  expect(content).toEqual({ text: expected, isError });
});

it('media go as media, with the text beside them', () => {
  const result = { data: PNG, mime_type: 'image/png', text: 'a screenshot' };
  expect(resultContent(part(result, { is_media: true }), 1_000)).toEqual({
    text: 'a screenshot',
    media: { type: 'file', mediaType: 'image/png', data: PNG },
    isError: false,
  });
});

it.each([
  ['bad base64', { data: '%%%', mime_type: 'image/png' }],
  ['data of another type', { data: Buffer.from('hello world').toString('base64'), mime_type: 'image/png' }],
  ['a type that nobody takes', { data: PNG, mime_type: 'image/tiff' }],
])('media with %s go as text', (_what, result) => {
  const content = resultContent(part(result, { is_media: true }), 1_000);
  expect(content.media).toBeUndefined();
  expect(JSON.parse(content.text)).toEqual(result);
});

it('may take a third of the context, at least 16 KB, and 64 KB when the context is unknown', () => {
  expect(maxToolResultBytes(200_000)).toBe(200_000);
  expect(maxToolResultBytes(1_000)).toBe(16 * 1024);
  expect(maxToolResultBytes(undefined)).toBe(64 * 1024);
});

describe('a text that is too long', () => {
  it('keeps two thirds of its head and a third of its tail', () => {
    const cut = cutMiddle(`${'a'.repeat(5_000)}${'z'.repeat(5_000)}`, 900);
    expect(cut).toBe(`${'a'.repeat(600)}\n\n[… 9100 bytes cut out …]\n\n${'z'.repeat(300)}`);
  });

  it('is cut between characters', () => {
    for (let maxBytes = 60; maxBytes < 72; maxBytes += 1) {
      const cut = cutMiddle('🌍ä€'.repeat(50), maxBytes);
      expect(cut).not.toContain('\uFFFD');
      expect(Buffer.byteLength(cut.replace(/\n\n\[.*\]\n\n/, ''))).toBeLessThanOrEqual(maxBytes);
    }
  });

  it('stays whole when it just fits', () => {
    expect(cutMiddle('ä'.repeat(50), 100)).toBe('ä'.repeat(50));
    expect(cutMiddle('ä'.repeat(50), 99)).not.toBe('ä'.repeat(50));
  });
});

it('what was made of a part is made again for another limit only', () => {
  const long = part('x'.repeat(2_000));
  const cut = resultContent(long, 100);
  expect(resultContent(long, 100)).toBe(cut);
  expect(resultContent(long, 10_000).text).toContain('x'.repeat(2_000));
  expect(resultContent(long, 100)).toEqual(cut);
});
