import {
  DiffTooLargeError,
  GitProviderError,
  NotFoundError,
  RateLimitedError,
  TokenRejectedError,
} from '../provider/errors';
import { toProviderError } from './github-errors';

const NOW = Date.UTC(2026, 0, 1);
const IN_A_MINUTE = NOW + 60_000;

/** As Octokit throws it. */
const failure = (status: number, headers: Record<string, string> = {}, message = 'Refused') =>
  Object.assign(new Error(message), { status, response: { headers } });
const translated = (...args: Parameters<typeof failure>) => toProviderError(failure(...args), NOW);

test.each([
  ['Retry-After in seconds', 403, { 'retry-after': '60' }],
  ['Retry-After as a date', 429, { 'retry-after': new Date(IN_A_MINUTE).toUTCString() }],
  ['an unreadable Retry-After', 403, { 'retry-after': 'soon' }],
  [
    'nothing remaining',
    403,
    { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(IN_A_MINUTE / 1000) },
  ],
  ['429 alone', 429, {}],
])('%s is a rate limit', (_what, status, headers) => {
  expect(translated(status, headers)).toMatchObject({ code: 'git_rate_limited', retryAt: IN_A_MINUTE });
});

test('a secondary limit without headers means a minute', () => {
  const error = translated(403, {}, 'You have exceeded a secondary rate limit');
  expect(error).toEqual(new RateLimitedError(IN_A_MINUTE));
});

test('a time that has passed means now', () => {
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1' };
  expect(translated(403, headers)).toMatchObject({ retryAt: NOW });
});

test('a 403 with calls remaining is a plain refusal, though it names a reset', () => {
  const headers = { 'x-ratelimit-remaining': '4999', 'x-ratelimit-reset': String(IN_A_MINUTE / 1000) };
  expect(translated(403, headers)).toBeInstanceOf(GitProviderError);
});

test('other statuses', () => {
  expect(translated(401)).toBeInstanceOf(TokenRejectedError);
  expect(translated(404)).toBeInstanceOf(NotFoundError);
  expect(translated(406)).toBeInstanceOf(DiffTooLargeError);
  expect(translated(500)).toMatchObject({ code: 'git_provider_failed', status: 500 });
});

test('a call that got no answer is a failure of the host', () => {
  const error = Object.assign(new Error('connect ECONNREFUSED'), { status: 500 });
  expect(toProviderError(error, NOW)).toMatchObject({ code: 'git_provider_failed', status: null });
});
