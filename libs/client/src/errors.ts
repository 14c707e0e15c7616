import type { ErrorResponse, FieldError } from '@parley/contracts';

/** The API refused a call. `validations` names the bad fields. */
export class ApiError extends Error {
  readonly code = 'api_error';
  constructor(
    readonly status: number,
    readonly response: ErrorResponse,
    call: string,
    /** When the server asks to be tried again, in ms. */
    readonly retryAfterMs?: number,
  ) {
    const fields = (response.validations ?? []).map(({ field, detail }: FieldError) => `${field} ${detail}`);
    super(
      `${call} answered ${status}: ${[response.message, response.detail, ...fields].filter(Boolean).join('; ')}`,
    );
  }

  get validations(): readonly FieldError[] {
    return this.response.validations ?? [];
  }
}

/** A stream ended without being asked to; it may be opened again with the last cursor. */
export class StreamClosedError extends Error {
  readonly code = 'stream_closed';
  constructor(
    readonly reason: string,
    /** When the server asks to be tried again, in ms. */
    readonly retryAfterMs?: number,
  ) {
    super(`The stream was closed: ${reason}`);
  }
}

/** No answer came: the network is away, or nobody listens there. Whether the call was carried out is not known. */
export class ConnectionError extends Error {
  readonly code = 'connection_failed';
  constructor(
    call: string,
    override readonly cause: unknown,
  ) {
    super(`${call} got no answer: ${String(cause)}`);
  }
}
