/**
 * The way to the webpush service: requests on the bus, answered by one of its replicas. Where none runs there are no notifications,
 * and clients see that by the empty public key.
 */
import { NoResponderError, RequestTimeoutError, type Bus } from '@parley/bus';
import {
  subjects,
  type WebpushSubscribe,
  type WebpushSubscribeReply,
  type WebpushTest,
  type WebpushTestReply,
  type WebpushUnsubscribe,
  type WebpushUnsubscribeReply,
} from '@parley/contracts';
import { ApiError } from '../http/api-error';

/** Longer than webpush waits for a push service. */
const SEND_TIMEOUT_MS = 25_000;
const TIMEOUT_MS = 5_000;
const KEY_TIMEOUT_MS = 1_000;
/** How long the key is served without asking again, and how long "nobody answers" is believed. */
const KEY_TTL_MS = 60_000;
const NO_KEY_TTL_MS = 2_000;

export interface WebpushRequestsOptions {
  readonly bus: Bus;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export class WebpushRequests {
  private publicKey = '';
  private askAgainAtMs = 0;
  private asking: Promise<void> | null = null;

  constructor(private readonly options: WebpushRequestsOptions) {}

  /** @throws ApiError 503 when no webpush service answers; so do the others */
  subscribe(request: WebpushSubscribe): Promise<WebpushSubscribeReply> {
    const timeoutMs = SEND_TIMEOUT_MS;
    return orUnavailable(this.options.bus.request(subjects.webpushSubscribe(), request, { timeoutMs }));
  }

  unsubscribe(request: WebpushUnsubscribe): Promise<WebpushUnsubscribeReply> {
    const timeoutMs = TIMEOUT_MS;
    return orUnavailable(this.options.bus.request(subjects.webpushUnsubscribe(), request, { timeoutMs }));
  }

  test(request: WebpushTest): Promise<WebpushTestReply> {
    const timeoutMs = SEND_TIMEOUT_MS;
    return orUnavailable(this.options.bus.request(subjects.webpushTest(), request, { timeoutMs }));
  }

  /** The key that browsers subscribe with; the last known one while webpush is away, empty when none ever answered. Never rejects. */
  async key(): Promise<string> {
    if (this.options.now() >= this.askAgainAtMs) {
      this.asking ??= this.ask().finally(() => (this.asking = null));
      await this.asking;
    }
    return this.publicKey;
  }

  private async ask(): Promise<void> {
    const { bus, now } = this.options;
    try {
      const reply = await bus.request(subjects.webpushKey(), {}, { timeoutMs: KEY_TIMEOUT_MS });
      this.publicKey = reply.public_key;
      this.askAgainAtMs = now() + KEY_TTL_MS;
    } catch {
      this.askAgainAtMs = now() + NO_KEY_TTL_MS;
    }
  }
}

async function orUnavailable<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (error) {
    if (error instanceof NoResponderError || error instanceof RequestTimeoutError) {
      const headers = { 'retry-after': '5' };
      throw new ApiError(503, 'Notifications are not available now.', { headers });
    }
    throw error;
  }
}
