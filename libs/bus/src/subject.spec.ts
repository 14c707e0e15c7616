import { subjectMatcher } from './subject';

describe('A subject pattern', () => {
  const cases: [pattern: string, subject: string, matches: boolean][] = [
    ['a.b', 'a.b', true],
    ['a.b', 'a.c', false],
    ['a.*', 'a.b', true],
    ['a.*', 'a', false],
    ['a.*', 'a.b.c', false],
    ['*.b', 'a.b', true],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a.b', true],
    ['*.*.c', 'a.b.c', true],
  ];
  it.each(cases)('%s against %s: %s', (pattern, subject, matches) => {
    expect(subjectMatcher(pattern)(subject)).toBe(matches);
  });
});
