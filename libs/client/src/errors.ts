import type { ErrorResponse, FieldError } from '@parley/contracts';

/** The API refused a call. `validations` names the bad fields. */
export class ApiError extends Error {
  readonly code = 'api_error';
  constructor(
    readonly status: number,
    readonly response: ErrorResponse,
    call: string,
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
  constructor(reason: string) {
    super(`The stream was closed: ${reason}`);
  }
}
