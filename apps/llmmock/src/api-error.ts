export interface ApiErrorDetails {
  readonly message: string;
  /** The API's own class of error; when absent it follows from the status. */
  readonly type?: string | undefined;
  readonly code?: string | null | undefined;
  readonly param?: string | null | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A refusal, before it is put into the error shape of the API that was called. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly details: ApiErrorDetails,
  ) {
    super(details.message);
    this.name = 'ApiError';
  }
}
