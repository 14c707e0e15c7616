/** What a git host may answer in place of a result, as far as a refresh acts on it. Anything else thrown is an ordinary failure. */

/** The account may ask again at `retryAt` (milliseconds since the epoch), by the host's word. */
export class RateLimitedError extends Error {
  readonly code = 'git_rate_limited';
  constructor(readonly retryAt: number) {
    super('The git host limits the rate of calls.');
  }
}

/** The token was revoked, has expired, or cannot be refreshed. */
export class TokenRejectedError extends Error {
  readonly code = 'git_token_rejected';
  constructor() {
    super('The git host refused the token.');
  }
}

/** No such repository, branch or pull request, or not for this account. */
export class NotFoundError extends Error {
  readonly code = 'git_not_found';
  constructor() {
    super('The git host does not know it, or hides it from this account.');
  }
}

export class DiffTooLargeError extends Error {
  readonly code = 'git_diff_too_large';
  constructor(readonly maxBytes: number) {
    super(`The diff is larger than ${maxBytes} bytes.`);
  }
}

/** The host failed, could not be reached, or answered something else than its API says. */
export class GitProviderError extends Error {
  readonly code = 'git_provider_failed';
  constructor(
    message: string,
    readonly status: number | null,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
