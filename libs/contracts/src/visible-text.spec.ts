import { withoutInvisible } from './visible-text';

describe('visible text', () => {
  test.each([
    ['zero-width characters', 'a\u200B\u200C\u200D\u2060\uFEFFb', 'ab'],
    ['directions', 'a\u202Eb\u2066c\u2069', 'abc'],
    ['tags', 'a\u{E0041}\u{E007F}b', 'ab'],
    ['blank letters', 'a\u3164\u115F\uFFA0b', 'ab'],
    ['variation selectors that carry bytes', '\u{1F600}\uFE00\u{E0100}\u{E01EF}', '\u{1F600}'],
    ['control characters', 'a\u0000\u0007\u001B[31m\u0085b', 'a[31mb'],
    ['joiners that join nothing', '\u200Da\u200D\u{1F468}\u200D', 'a\u{1F468}'],
  ])('loses %s', (_what, input, output) => {
    expect(withoutInvisible(input)).toBe(output);
  });

  test.each([
    ['lines and tabs', 'a\r\n\tb\n'],
    ['families', '\u{1F468}\u200D\u{1F469}\u200D\u{1F467}'],
    ['emoji of a skin, in a presentation', '\u{1F44D}\u{1F3FD}\u200D\u2764\uFE0F'],
    ['Persian', '\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645'],
    ['all of a language', 'Zażółć gęślą jaźń, 日本語, עברית'],
  ])('keeps %s', (_what, input) => {
    expect(withoutInvisible(input)).toBe(input);
  });
});
