/** What can go wrong between a service and Postgres, as far as callers act on it. */
import { isNativeError } from 'node:util/types';

/** The database has an older schema than this build needs. An operator must act, so the message says how. */
export class SchemaOutdatedError extends Error {
  readonly code = 'schema_outdated';
  readonly isOperatorError = true;
  constructor(readonly pending: readonly string[]) {
    super(
      `The database schema is older than this build: ${pending.length} migration(s) missing (${pending.join(', ')}). ` +
        'Run "npm run migrate" with the same DATABASE_URL, then start again.',
    );
  }
}

/** Code inside a transaction asked the pool for another connection, which deadlocks a full pool. Always a bug. */
export class SecondConnectionError extends Error {
  readonly code = 'second_connection';
  constructor(statementName: string) {
    super(
      `Statement "${statementName}" was sent outside the transaction that is open here: use the transaction's query().`,
    );
  }
}

const CONNECTION_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'EAI_AGAIN',
]);

/** SQLSTATE classes: 08 connection, 57P0x server shutting down or starting, 53 out of resources. */
const CONNECTION_STATES = /^(08...|57P0[1-5]|53...)$/;

const CONNECTION_MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable|Connection ended/i;

/**
 * True when Postgres was away, restarting or full: the statement may be tried again later. A write that was under way may have
 * been committed, so callers repeat only what is fenced or idempotent.
 */
export function isConnectionError(error: unknown): boolean {
  if (!isNativeError(error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (CONNECTION_CODES.has(code) || CONNECTION_STATES.test(code) || CONNECTION_MESSAGES.test(error.message))
    return true;
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isConnectionError);
  return error.cause !== undefined && isConnectionError(error.cause);
}

/** The SQLSTATE of a driver error, `undefined` for anything else. See the PostgreSQL manual, appendix A. */
export function sqlState(error: unknown): string | undefined {
  const code = isNativeError(error) && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
