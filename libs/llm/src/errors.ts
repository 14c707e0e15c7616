/**
 * The one error that leaves this library when a model cannot answer.
 *
 * `kind` and `retryable` are decided once, where the failure is seen (`classifyModelError`); nobody above looks at texts or
 * status codes again. `message` is a sentence for the person who chats, without the status code; `detail` is what the provider
 * said, cut to 500 characters.
 */
import type { ChatError, ChatErrorKind } from '@parley/contracts';

export const MAX_DETAIL_LENGTH = 500;

export interface ModelErrorFields {
  readonly kind: ChatErrorKind;
  readonly retryable: boolean;
  readonly provider: string;
  readonly message?: string | undefined;
  readonly statusCode?: number | undefined;
  /** How long the provider asked to wait. */
  readonly retryAfterMs?: number | undefined;
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code = 'model_error';
  readonly kind: ChatErrorKind;
  readonly retryable: boolean;
  readonly provider: string;
  readonly statusCode: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly detail: string | undefined;

  constructor(fields: ModelErrorFields) {
    super(fields.message ?? describeKind(fields.kind, fields.provider), { cause: fields.cause });
    this.kind = fields.kind;
    this.retryable = fields.retryable;
    this.provider = fields.provider;
    this.statusCode = fields.statusCode;
    this.retryAfterMs = fields.retryAfterMs;
    this.detail = fields.detail?.slice(0, MAX_DETAIL_LENGTH).toWellFormed();
  }

  /** The error as a chat stores it and clients see it. */
  toChatError(): ChatError {
    return {
      message: this.message,
      kind: this.kind,
      provider: this.provider,
      retryable: this.retryable,
      ...(this.detail !== undefined && { detail: this.detail }),
      ...(this.statusCode !== undefined && { status_code: this.statusCode }),
    };
  }
}

function describeKind(kind: ChatErrorKind, provider: string): string {
  switch (kind) {
    case 'overloaded':
      return `The model provider (${provider}) is overloaded.`;
    case 'rate_limit':
      return `The model provider (${provider}) limits the rate of requests.`;
    case 'timeout':
      return `The connection to the model provider (${provider}) failed or timed out.`;
    case 'stream_silence_timeout':
      return `The model provider (${provider}) went silent in the middle of its answer.`;
    case 'auth':
      return `The model provider (${provider}) refused the credentials.`;
    case 'config':
      return `The model provider (${provider}) refused the request: check the model's configuration.`;
    case 'usage_limit':
      return `The account at the model provider (${provider}) has reached its quota.`;
    case 'missing_key':
      return `The model provider (${provider}) has no API key.`;
    case 'provider_disabled':
      return `The model provider (${provider}) is disabled.`;
    case 'content_filter':
      return `The model provider (${provider}) filtered the whole answer.`;
    case 'hook_denied':
      return 'A lifecycle hook refused the request.';
    case 'hook_dispatch_failed':
      return 'A lifecycle hook could not be called.';
    case 'generic':
      return `The model provider (${provider}) could not answer.`;
  }
}
