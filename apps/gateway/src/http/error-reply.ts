/**
 * From anything thrown to an HTTP reply. The body is always `{ message, detail?, validations? }`, and nothing of an unexpected
 * error but its occurrence reaches the client.
 */
import { HttpException } from '@nestjs/common';
import { isConnectionError, sqlState } from '@parley/database';
import type { ErrorResponse } from '@parley/contracts';
import { UsageLimitExceededError } from '@parley/spend';
import { toUsageLimitExceeded } from '../spend/usage-limit-exceeded';
import { ApiError } from './api-error';
import { statusOfCode } from './error-status';

export interface ErrorReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorResponse;
  /** Nobody foresaw it: it belongs into the log with its stack. */
  readonly isUnexpected: boolean;
}

const RETRY_AFTER = { 'retry-after': '1' };

/** SQLSTATEs that clear by themselves: deadlock, serialization failure, lock and statement timeouts. */
const TRANSIENT_STATES = new Set(['40P01', '40001', '55P03', '57014']);

/** SQLSTATEs of a unique or foreign key that another request got in the way of, between a check and a write. */
const CONFLICT_STATES = new Set(['23503', '23505']);

export function toErrorReply(error: unknown): ErrorReply {
  if (error instanceof ApiError) return ofApiError(error);
  if (error instanceof HttpException) return ofHttpException(error);
  if (error instanceof UsageLimitExceededError) return reply(409, toUsageLimitExceeded(error));
  if (isUnavailable(error)) {
    return reply(503, { message: 'The service is busy or restarting: try again.' }, RETRY_AFTER);
  }
  if (CONFLICT_STATES.has(sqlState(error) ?? '')) {
    return reply(409, { message: 'This conflicts with another change: read again, then try again.' });
  }
  const status = statusOfCode(error);
  if (status !== undefined && error instanceof Error) {
    const field = 'field' in error && typeof error.field === 'string' ? error.field : undefined;
    const validations = field === undefined ? {} : { validations: [{ field, detail: error.message }] };
    return reply(status, { message: error.message, ...validations }, status === 503 ? RETRY_AFTER : {});
  }
  return {
    ...reply(500, { message: 'An internal error happened. It has been logged.' }),
    isUnexpected: true,
  };
}

function ofApiError(error: ApiError): ErrorReply {
  const body = {
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.validations === undefined ? {} : { validations: [...error.validations] }),
  };
  return reply(error.status, body, error.headers);
}

/** What Nest and Fastify refuse by themselves: no route, a body too large, an unknown content type. */
function ofHttpException(error: HttpException): ErrorReply {
  const status = error.getStatus();
  switch (status) {
    case 404:
      return reply(404, { message: 'There is nothing at this address.' });
    case 413:
      return reply(413, {
        message: 'The request is too large.',
        validations: [{ field: 'body', detail: 'has too many bytes' }],
      });
    case 415:
      return reply(415, {
        message: 'Send the body as JSON, with Content-Type: application/json.',
        validations: [{ field: 'body', detail: 'has an unsupported content type' }],
      });
    default:
      return { ...reply(status, { message: error.message }), isUnexpected: status >= 500 };
  }
}

function isUnavailable(error: unknown): boolean {
  if (isConnectionError(error)) return true;
  if (TRANSIENT_STATES.has(sqlState(error) ?? '')) return true;
  return error instanceof Error && error.message === 'Query read timeout';
}

function reply(
  status: number,
  body: ErrorResponse,
  headers: Readonly<Record<string, string>> = {},
): ErrorReply {
  return { status, body, headers, isUnexpected: false };
}
