/**
 * The bus between the processes: typed messages on subjects, request/reply, and durable work queues.
 *
 * Promises, the same of both implementations (NATS, in-process): payloads are JSON and every receiver has its own copy;
 * messages of one publisher arrive in order on one subscription; a handler that throws hurts nobody but its own message;
 * `drain` lets handlers in flight finish. Subjects with their payload shapes come from the catalogue in libs/contracts.
 *
 * Refuses: promises of delivery for publish. Messages may be lost (while the connection is away they are dropped), doubled
 * or reordered across publishers; receivers compare versions. Only a work queue delivers at least once.
 */
import type { Subject } from '@parley/contracts';

/** Headers of a message, such as the W3C `traceparent`. */
export type BusHeaders = Readonly<Record<string, string>>;

/** What a handler knows beside the payload: the concrete subject (patterns match many) and the headers. */
export interface MessageContext {
  readonly subject: string;
  readonly headers: BusHeaders;
}

export type MessageListener<Payload> = (payload: Payload, context: MessageContext) => void | Promise<void>;
export type RequestListener<Payload, Reply> = (
  payload: Payload,
  context: MessageContext,
) => Reply | Promise<Reply>;

export interface SubscribeOptions {
  /** Members of one queue group share the messages: each goes to one of them. */
  readonly queue?: string;
}

export interface PublishOptions {
  readonly headers?: BusHeaders;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly headers?: BusHeaders;
}

/** Something that listens. After both calls no new message starts a handler. */
export interface Subscription {
  /** Stops listening at once; handlers in flight go on alone. */
  unsubscribe(): void;
  /** Stops listening and resolves when what had arrived is handled. */
  drain(): Promise<void>;
}

export interface AddOptions {
  /** A second job with the same id within 2 minutes is taken for the first one and not added. */
  readonly messageId: string;
  readonly headers?: BusHeaders;
}

export interface JobContext extends MessageContext {
  readonly messageId: string;
  /** 1 at the first delivery. */
  readonly deliveries: number;
}

export type JobListener<Payload> = (payload: Payload, job: JobContext) => void | Promise<void>;

export interface ConsumeOptions {
  /** How many jobs of this consumer run at once. */
  readonly concurrency: number;
  /** How long after the consumer's process died its jobs go to another one. A live consumer keeps its jobs. Default 30 s. */
  readonly ackWaitMs?: number;
  /** After so many failed deliveries a job becomes a dead letter. Default 5. */
  readonly maxDeliveries?: number;
  /** The wait before the next delivery after `deliveries` failed ones, the last with `error`. Default: from 1 s doubling to 1 min, jittered. */
  readonly retryDelayMs?: (deliveries: number, error: unknown) => number;
}

/** A job that was given up. */
export interface DeadLetter {
  readonly messageId: string;
  readonly payload: unknown;
  readonly deliveries: number;
  readonly reason: string;
  readonly failedAt: Date;
}

export interface DeadLetters {
  readonly count: number;
  /** The oldest ones, at most as many as asked for. */
  readonly letters: readonly DeadLetter[];
}

/** Jobs that are delivered at least once, each to one consumer, and again after a throw. */
export interface WorkQueue<Payload> {
  /**
   * Resolves when the job is stored. Throws BusUnavailableError, BusClosedError, PayloadTooLargeError, WorkQueueFullError,
   * InvalidMessageError; after BusUnavailableError the job may be stored nevertheless: add it again with the same id.
   */
  add(payload: Payload, options: AddOptions): Promise<void>;
  /** Resolves when the consumer is registered. Acknowledges when the handler resolves. Throws BusUnavailableError, BusClosedError. */
  consume(listener: JobListener<Payload>, options: ConsumeOptions): Promise<Subscription>;
  /** Counts the dead letters and shows the oldest ones (default 100). Throws BusUnavailableError. */
  deadLetters(options?: { readonly limit?: number }): Promise<DeadLetters>;
}

export interface Bus {
  /**
   * Fire and forget. Never throws for a lost connection: the message is dropped.
   * Throws PayloadTooLargeError, InvalidMessageError (only when validating), InvalidSubjectError.
   */
  publish<Payload>(subject: Subject<Payload>, payload: Payload, options?: PublishOptions): void;
  /**
   * Resolves when the server has the subscription, however long the connection is away; it survives reconnects.
   * Throws BusClosedError, InvalidSubjectError.
   */
  subscribe<Payload>(
    subject: Subject<Payload>,
    listener: MessageListener<Payload>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /**
   * Throws NoResponderError at once when nobody listens, RequestTimeoutError, RequestFailedError (the responder threw),
   * BusUnavailableError (also when the connection is lost while waiting), and the reason of an aborted signal.
   */
  request<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Reply>;
  /** Answers requests with what the listener returns. A throw reaches the asker as RequestFailedError. */
  respond<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    listener: RequestListener<Payload, Reply>,
    options?: SubscribeOptions,
  ): Promise<Subscription>;
  /** The durable queue of this subject; it is created at its first use. */
  workQueue<Payload>(subject: Subject<Payload>): WorkQueue<Payload>;
  readonly isConnected: boolean;
  /** Calls the listener after each reconnect, when the subscriptions are in place again; messages in between are lost. Returns the way to stop. */
  onReconnect(listener: () => void): () => void;
  /** Stops all listening, lets handlers in flight finish, sends what is pending, and closes. Safe to call twice. */
  drain(): Promise<void>;
}

/** Where the bus reports what it swallows. A pino logger fits. */
export interface BusLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
