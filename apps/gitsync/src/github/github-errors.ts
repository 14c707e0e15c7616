/**
 * From what Octokit throws to the errors that a refresh acts on.
 *
 * A limit is told by 403 or 429: with `Retry-After` (secondary), or with nothing remaining and `x-ratelimit-reset` (primary). GitHub sends the
 * reset header with every answer, so without "nothing remaining" a 403 is a plain refusal. A secondary limit without either
 * header means at least a minute.
 * Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
 */
import {
  DiffTooLargeError,
  GitProviderError,
  NotFoundError,
  RateLimitedError,
  TokenRejectedError,
} from '../provider/errors';
import { MAX_BODY_BYTES } from './bounded-fetch';

const UNKNOWN_LIMIT_MS = 60_000;

/** `now`: milliseconds since the epoch. */
export function toProviderError(error: unknown, now: number): Error {
  const cause = findTooLarge(error);
  if (cause !== null) return cause;
  const failure = requestFailure(error);
  if (failure === null) {
    return new GitProviderError(error instanceof Error ? error.message : String(error), null, {
      cause: error,
    });
  }
  const { status, headers, message } = failure;
  if (status === 401) return new TokenRejectedError();
  // Not acceptable: the diff has too many lines for the host itself.
  if (status === 406) return new DiffTooLargeError(MAX_BODY_BYTES);
  if (status === 404 || status === 410 || status === 451) return new NotFoundError();
  if (status === 403 || status === 429) {
    const retryAt = retryAtOf({ status, headers, message, now });
    if (retryAt !== null) return new RateLimitedError(retryAt);
  }
  return new GitProviderError(message, status);
}

type HeaderMap = Readonly<Record<string, string | number | undefined>>;

function retryAtOf(refusal: {
  status: number;
  headers: HeaderMap;
  message: string;
  now: number;
}): number | null {
  const { status, headers, message, now } = refusal;
  const retryAfter = headers['retry-after'];
  if (retryAfter !== undefined) return afterHeader(String(retryAfter), now);
  const resetSeconds = Number(headers['x-ratelimit-reset']);
  if (String(headers['x-ratelimit-remaining']) === '0' && resetSeconds > 0) {
    return Math.max(now, resetSeconds * 1_000);
  }
  if (status === 429 || /rate limit/i.test(message)) return now + UNKNOWN_LIMIT_MS;
  return null;
}

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). */
function afterHeader(value: string, now: number): number {
  if (/^\d{1,9}$/.test(value)) return now + Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? now + UNKNOWN_LIMIT_MS : Math.max(now, date);
}

interface RequestFailure {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly message: string;
}

/** Octokit's RequestError for an answer that came; null for one that did not. */
function requestFailure(error: unknown): RequestFailure | null {
  if (!(error instanceof Error) || !('status' in error) || typeof error.status !== 'number') return null;
  const response = 'response' in error ? error.response : undefined;
  if (typeof response !== 'object' || response === null || !('headers' in response)) return null;
  return { status: error.status, headers: response.headers as HeaderMap, message: error.message };
}

/** Octokit wraps what its `fetch` throws. */
function findTooLarge(error: unknown): DiffTooLargeError | null {
  if (error instanceof DiffTooLargeError) return error;
  return error instanceof Error && error.cause !== undefined ? findTooLarge(error.cause) : null;
}
