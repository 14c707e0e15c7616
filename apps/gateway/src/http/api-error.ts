/** A refusal that the HTTP layer itself decides on: status, message, and the fields at fault. */
import type { FieldError } from '@parley/contracts';

export class ApiError extends Error {
  readonly detail: string | undefined;
  readonly validations: readonly FieldError[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    readonly status: number,
    message: string,
    extra: {
      detail?: string;
      validations?: readonly FieldError[];
      headers?: Readonly<Record<string, string>>;
    } = {},
  ) {
    super(message);
    this.detail = extra.detail;
    this.validations = extra.validations;
    this.headers = extra.headers ?? {};
  }
}

const VALIDATION_FAILED = 'The request is not valid.';

export const invalidFields = (validations: readonly FieldError[]): ApiError =>
  new ApiError(400, VALIDATION_FAILED, { validations });

export const invalidField = (field: string, detail: string): ApiError => invalidFields([{ field, detail }]);

/** One answer for what does not exist and for what the asker may not see. */
export const notFound = (what = 'resource'): ApiError =>
  new ApiError(404, `The ${what} does not exist, or you may not see it.`);

export const forbidden = (message: string): ApiError => new ApiError(403, message);

export const unauthenticated = (detail: string): ApiError =>
  new ApiError(401, 'Sign in, or send a valid token in the Coder-Session-Token header.', {
    detail,
    headers: { 'www-authenticate': 'Bearer' },
  });

export const tooManyRequests = (retryAfterSeconds: number): ApiError =>
  new ApiError(429, `Too many requests: try again in ${retryAfterSeconds} s.`, {
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
