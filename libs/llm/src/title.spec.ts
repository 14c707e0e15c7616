import { fallbackTitle, readTitle, titleText } from './title';

it.each([
  ['', 'New Chat'],
  [' \n\t', 'New Chat'],
  ['Fix the build', 'Fix the build'],
  ['\u0000Fix\u0000 the\u0000build', 'Fix the build'],
  ['\u0000 \u0000', 'New Chat'],
  ['one two three four five six', 'one two three four five six'],
  ['  one two\nthree four five six seven', 'one two three four five six…'],
  ['x'.repeat(80), 'x'.repeat(80)],
  ['x'.repeat(81), `${'x'.repeat(79)}…`],
  ['🌍'.repeat(100), `${'🌍'.repeat(79)}…`],
  [`${'x'.repeat(70)} abc def g h i j`, `${'x'.repeat(70)} abc def…`],
])('the fallback title of %j is %j', (text, title) => {
  expect(fallbackTitle(text)).toBe(title);
  expect([...fallbackTitle(text)].length).toBeLessThanOrEqual(80);
});

it.each<[string, string | undefined]>([
  ['{"title":"Fix the build"}', 'Fix the build'],
  ['```json\n{"title": "Fix the build"}\n```', 'Fix the build'],
  ['"Fix the build"', 'Fix the build'],
  ['{"title":" Fix\\n the \\u0000build "}', 'Fix the build'],
  ['{"title":"one two three four five six seven eight nine"}', undefined],
  ['{"name":"x"}', undefined],
  ['{"title":""}', undefined],
  ['', undefined],
])('the title in %j is %j', (reply, title) => {
  expect(readTitle(reply)).toBe(title);
});

it('makes a title of texts and file references only', () => {
  expect(
    titleText([
      { type: 'text', text: 'Look at' },
      { type: 'file', media_type: 'image/png', data: 'AAAA' },
      { type: 'file-reference', file_name: 'a.ts', start_line: 1, end_line: 2, content: 'x' },
    ]),
  ).toBe('Look at\n[a.ts:1-2]\nx');
});

it('makes a title of pasted text files only when there is no other text', () => {
  const pasted = (text: string) => ({
    type: 'file' as const,
    media_type: 'text/plain; charset=utf-8',
    data: Buffer.from(text).toString('base64'),
  });
  const image = { type: 'file' as const, media_type: 'image/png', data: 'AAAA' };
  expect(titleText([image, pasted('a log')])).toBe('a log');
  expect(titleText([{ type: 'text', text: 'Why?' }, pasted('a log')])).toBe('Why?');
  expect(titleText([pasted('é'.repeat(50_000)), pasted('b')])).toBe(`${'é'.repeat(16 * 1024)}\nb`);
  expect(titleText([image])).toBe('');
});
