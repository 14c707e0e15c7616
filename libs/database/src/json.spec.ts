import * as fc from 'fast-check';
import { encodeJsonb, parseJsonb } from './json';

describe('JSON in jsonb columns', () => {
  test('NUL and the escape character come back as they were, in keys and values', () => {
    const value = {
      'k\u0000\uE000': ['a\u0000b', '\uE000\uE001', { deep: '\uE000\u0000' }],
      n: 1,
      none: null,
    };
    const json = encodeJsonb(value);
    expect(json).not.toContain('\\u0000');
    expect(parseJsonb(json)).toEqual(value);
  });

  test('a lone surrogate becomes U+FFFD', () => {
    expect(parseJsonb(encodeJsonb({ text: 'x\uD800y' }))).toEqual({ text: 'x\uFFFDy' });
  });

  test('a literal backslash-u0000 stays literal', () => {
    expect(parseJsonb(encodeJsonb('\\u0000'))).toBe('\\u0000');
  });

  test('any JSON value of well-formed strings survives the round trip', () => {
    const character = fc.oneof(
      fc.constantFrom('\u0000', '\uE000', '\uE001', '\\', 'u0000'),
      fc.string({ unit: 'grapheme' }),
    );
    const string = fc.array(character).map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.jsonValue({ stringUnit: 'grapheme' }),
        fc.dictionary(string, string),
        (json, strings) => {
          const value = { json, strings: { ...strings } };
          expect(parseJsonb(encodeJsonb(value))).toEqual(JSON.parse(JSON.stringify(value)));
        },
      ),
    );
  });
});
