import fc from 'fast-check';
import { ApiError } from '../http/api-error';
import { parseListTerms, type ListTerms } from './list-terms';

const ACCEPTED: [string, ListTerms][] = [
  ['', {}],
  ['  \n ', {}],
  ['title:one', { title: 'one' }],
  ['TITLE:One', { title: 'One' }],
  ['title:"two words"', { title: 'two words' }],
  ['title:"say \\"hi\\" \\\\ bye"', { title: 'say "hi" \\ bye' }],
  ['title:a:b', { title: 'a:b' }],
  ['title:"x archived:true"', { title: 'x archived:true' }],
  ['archived:true has_unread:FALSE', { archived: true, hasUnread: false }],
  ['pr_status:draft', { pullRequest: { statuses: ['draft'] } }],
  ['pr_status:open,Merged,open', { pullRequest: { statuses: ['open', 'merged'] } }],
  [
    'pr_status:open pr:7 pr_status:"closed, draft"',
    { pullRequest: { statuses: ['open', 'closed', 'draft'], number: 7 } },
  ],
  ['source:created_by_me', { source: 'created_by_me' }],
  ['source:shared_with_me', { source: 'shared_with_me' }],
  ['diff_url:https://git.test/o/r/pull/1', { pullRequest: { url: 'https://git.test/o/r/pull/1' } }],
  ['pr:12', { pullRequest: { number: 12 } }],
  ['pr:#12', { pullRequest: { number: 12 } }],
  ['repo:acme/app pr_title:"fix it"', { pullRequest: { repository: 'acme/app', title: 'fix it' } }],
  ['search:"broken pipe" repo:app', { search: 'broken pipe', pullRequest: { repository: 'app' } }],
  ['search:"\\"broken pipe\\" again"', { search: '"broken pipe" again' }],
];

const REFUSED: [string, RegExp][] = [
  ['bare', /bare word "bare": write title:, archived:, .*pr_title:/],
  ['"two words"', /bare word/],
  ['title:one two', /bare word "two"/],
  ['title:"never closed', /bare word/],
  ['title:"a"b', /bare word/],
  [`bare${'x'.repeat(900)}`, /bare word "bare.{36}…"/],
  ['owner:me', /unknown term "owner:"/],
  ['constructor:x', /unknown term "constructor:"/],
  ['title:', /empty title:/],
  ['title:" "', /empty title:/],
  ['title:a title:b', /title: more than once/],
  ['archived:true archived:true', /archived: more than once/],
  ['archived:maybe', /needs true or false after archived:/],
  ['has_unread:1', /needs true or false after has_unread:/],
  ['pr_status:done', /needs draft, open, merged, closed after pr_status:/],
  ['pr_status:open,', /needs draft, open, merged, closed/],
  ['source:everyone', /needs created_by_me or shared_with_me/],
  ['diff_url:pull/1', /needs the http or https URL/],
  ['diff_url:javascript:alert(1)', /needs the http or https URL/],
  ['pr:0', /whole number from 1 to 2147483647/],
  ['pr:-1', /whole number/],
  ['pr:1e3', /whole number/],
  ['pr:2147483648', /whole number/],
  ['pr:99999999999', /whole number/],
  ['search:', /empty search:/],
  ['search:a title:b', /cannot combine search: with title:/],
  ['pr_title:b search:a', /cannot combine search: with pr_title:/],
  ['search:a pr:1', /cannot combine search: with pr:/],
];

const problemsOf = (query: string): { field: string; detail: string }[] => {
  try {
    parseListTerms(query);
    return [];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    expect(error.status).toBe(400);
    expect(error.validations).not.toHaveLength(0);
    return [...(error.validations ?? [])];
  }
};

test.each(ACCEPTED)('%j is understood', (query, terms) => {
  expect(parseListTerms(query)).toEqual(terms);
});

test.each(REFUSED)('%j is refused with what is allowed', (query, problem) => {
  expect(problemsOf(query)).toContainEqual({ field: 'q', detail: expect.stringMatching(problem) as string });
});

test('every problem is told, up to ten', () => {
  expect(problemsOf('archived:x pr:y')).toHaveLength(2);
  expect(problemsOf('a '.repeat(400))).toHaveLength(10);
});

describe('whatever is asked', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom(
      'title:',
      'search:',
      'pr:',
      'archived:',
      'pr_status:open',
      '"',
      '\\',
      ',',
      ' ',
      'x',
      'true',
      '#7',
    ),
  );

  test('nothing is thrown but a 400 that names q', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        for (const problem of problemsOf(words.join('')))
          expect(problem).toEqual({ field: 'q', detail: expect.stringMatching(/./s) as string });
      }),
      { numRuns: 2_000 },
    );
  });

  test('a quoted title comes back as it was meant', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (title) => {
        fc.pre(title.trim() !== '');
        const quoted = title.replace(/["\\]/g, '\\$&');
        expect(parseListTerms(`archived:true title:"${quoted}"`)).toEqual({
          archived: true,
          title: title.trim(),
        });
      }),
      { numRuns: 2_000 },
    );
  });
});
