/** What a provider can do wrong inside a well-delivered reply. Internal: `classifyModelError` makes `ModelError`s of them. */
import { stringAt, valueAt } from './json';

/** The body ended, and the event that ends an answer never came. */
export class StreamEndedError extends Error {
  override readonly name = 'StreamEndedError';

  constructor() {
    super('The stream ended before its finish event');
  }
}

/** A reply with a good status that is not an event stream although one was asked for. */
export class NotAStreamError extends Error {
  override readonly name = 'NotAStreamError';

  private constructor(
    readonly contentType: string,
    readonly body: string,
  ) {
    super(`The reply is not an event stream but ${contentType === '' ? 'of no content type' : contentType}`);
  }

  static async of(response: Response): Promise<NotAStreamError> {
    return new NotAStreamError(response.headers.get('content-type') ?? '', await response.text());
  }
}

/** An event that cannot be read: no JSON, or not of the shape its type demands. */
export class MalformedEventError extends Error {
  override readonly name = 'MalformedEventError';

  constructor(data: string) {
    super(`The stream holds an event that cannot be read: ${data.slice(0, 200)}`);
  }
}

/** The status that each type or code of error has outside of a stream (the error pages of both providers). */
const STATUS_OF_TYPE = new Map([
  ['authentication_error', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['request_too_large', 413],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['api_error', 500],
  ['server_error', 500],
  ['timeout_error', 504],
  ['overloaded_error', 529],
]);

/** The provider reports an error inside the stream, after status 200. `body` is what an error response would have carried. */
export class ReportedError extends Error {
  override readonly name = 'ReportedError';
  readonly status: number | undefined;
  readonly errorCode: string | undefined;

  constructor(readonly error: unknown) {
    super(stringAt(error, 'message') ?? 'The provider reported an error in the stream');
    const code = valueAt(error, 'code');
    this.errorCode = typeof code === 'string' ? code : stringAt(error, 'type');
    // OpenRouter and others put the status they would have answered with here.
    this.status =
      typeof code === 'number'
        ? code
        : (STATUS_OF_TYPE.get(this.errorCode ?? '') ?? STATUS_OF_TYPE.get(stringAt(error, 'type') ?? ''));
  }
}
