/**
 * The bus of one process: what `standalone` and most tests run on. It keeps every promise of bus.ts without a server.
 *
 * Messages go through JSON, so receivers share nothing with the publisher; they arrive in a later turn of the event loop.
 * What waits is bounded, as is each work queue. Jobs live as long as the process: who needs more uses NATS.
 */
import type { Subject } from '@parley/contracts';
import type {
  Bus,
  BusHeaders,
  BusLogger,
  MessageListener,
  PublishOptions,
  RequestListener,
  RequestOptions,
  SubscribeOptions,
  Subscription,
  WorkQueue,
} from './bus';
import { MessageCodec } from './codec';
import { DeliveryLoop } from './delivery-loop';
import { BusClosedError, PayloadTooLargeError } from './errors';
import { askInProcess } from './in-process-request';
import { InProcessWorkQueue } from './in-process-work-queue';
import { ListenerRuns } from './listener-runs';
import { answerTo } from './respond';
import { Receivers, type Delivery, type Receiver } from './receivers';
import { silentLogger } from './silent-logger';
import { assertConcreteSubject, assertSubjectPattern } from './subject';

export interface InProcessBusOptions {
  /** Check every message against its shape. Default true; production turns it off. */
  readonly validate?: boolean;
  readonly logger?: BusLogger;
  /** Largest encoded payload. Default 1 MiB, as NATS has it. */
  readonly maxPayloadBytes?: number;
  /** What may wait for delivery; more is dropped. Defaults: 100,000 messages, 64 MiB. */
  readonly maxPendingMessages?: number;
  readonly maxPendingBytes?: number;
  /** What a work queue may hold; more is refused. Defaults: 10,000 jobs, 64 MiB. */
  readonly maxQueuedJobs?: number;
  readonly maxQueuedBytes?: number;
  /** The clock of work queue deduplication, in ms. */
  readonly now?: () => number;
}

const NO_HEADERS: BusHeaders = Object.freeze({});
const MIB = 1024 * 1024;

/** A bus within this process. */
export function createInProcessBus(options: InProcessBusOptions = {}): Bus {
  return new InProcessBus(options);
}

class InProcessBus implements Bus {
  private readonly logger: BusLogger;
  private readonly codec: MessageCodec;
  private readonly loop: DeliveryLoop;
  private readonly receivers = new Receivers();
  private readonly subscriptions = new Set<Subscription>();
  private readonly runs = new Set<Promise<void>>();
  private readonly queues = new Map<string, InProcessWorkQueue>();
  private readonly maxPayloadBytes: number;
  private isOverflowing = false;
  private drained: Promise<void> | undefined;
  private isClosed = false;

  constructor(private readonly options: InProcessBusOptions) {
    this.logger = options.logger ?? silentLogger;
    this.codec = new MessageCodec({ validate: options.validate ?? true, logger: this.logger });
    this.loop = new DeliveryLoop({
      maxMessages: options.maxPendingMessages ?? 100_000,
      maxBytes: options.maxPendingBytes ?? 64 * MIB,
    });
    this.maxPayloadBytes = options.maxPayloadBytes ?? MIB;
  }

  get isConnected(): boolean {
    return !this.isClosed;
  }

  publish<Payload>(subject: Subject<Payload>, payload: Payload, options?: PublishOptions): void {
    const { json, bytes } = this.encode(subject, payload);
    if (this.isClosed) return;
    this.send({ subject: subject.subject, json, headers: options?.headers ?? NO_HEADERS }, bytes);
  }

  subscribe<Payload>(
    subject: Subject<Payload>,
    listener: MessageListener<Payload>,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    return this.listen(subject.subject, options, (delivery) => {
      const decoded = this.codec.decodeOrDrop(delivery.subject, subject.payload, delivery.json);
      if (!decoded) return undefined;
      return listener(decoded.payload as Payload, { subject: delivery.subject, headers: delivery.headers });
    });
  }

  async request<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Reply> {
    options.signal?.throwIfAborted();
    const { json, bytes } = this.encode(subject, payload);
    if (this.isClosed) throw new BusClosedError();
    const answer = await askInProcess(
      subject.subject,
      (reply) =>
        this.send({ subject: subject.subject, json, headers: options.headers ?? NO_HEADERS, reply }, bytes),
      options,
    );
    return this.codec.decode(subject.subject, subject.reply, answer) as Reply;
  }

  respond<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    listener: RequestListener<Payload, Reply>,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    return this.listen(subject.subject, options, async (delivery) => {
      const { codec, logger, maxPayloadBytes } = this;
      const answer = await answerTo({ subject, listener, delivery, codec, logger, maxPayloadBytes });
      delivery.reply?.(answer);
    });
  }

  workQueue<Payload>(subject: Subject<Payload>): WorkQueue<Payload> {
    assertConcreteSubject(subject.subject);
    const existing = this.queues.get(subject.subject);
    if (existing) return existing as WorkQueue<Payload>;
    const queue = new InProcessWorkQueue({
      subject: subject.subject,
      schema: subject.payload,
      codec: this.codec,
      logger: this.logger,
      maxPayloadBytes: this.maxPayloadBytes,
      maxJobs: this.options.maxQueuedJobs ?? 10_000,
      maxBytes: this.options.maxQueuedBytes ?? 64 * MIB,
      now: this.options.now ?? Date.now,
    });
    this.queues.set(subject.subject, queue);
    return queue as WorkQueue<Payload>;
  }

  /** There is no connection to lose, so the listener is never called. */
  onReconnect(_listener: () => void): () => void {
    return () => undefined;
  }

  drain(): Promise<void> {
    this.drained ??= this.close();
    return this.drained;
  }

  private async close(): Promise<void> {
    const queues = [...this.queues.values()].map((queue) => queue.close());
    await Promise.all([...queues, ...[...this.subscriptions].map((subscription) => subscription.drain())]);
    await Promise.all(this.runs);
    this.isClosed = true;
  }

  private encode<Payload>(
    subject: Subject<Payload, unknown>,
    payload: Payload,
  ): { json: string; bytes: number } {
    assertConcreteSubject(subject.subject);
    const json = this.codec.encode(subject.subject, subject.payload, payload);
    const bytes = Buffer.byteLength(json);
    if (bytes > this.maxPayloadBytes)
      throw new PayloadTooLargeError(subject.subject, bytes, this.maxPayloadBytes);
    return { json, bytes };
  }

  /** Whether anybody got it. */
  private send(delivery: Delivery, bytes: number): boolean {
    const receivers = this.receivers.of(delivery.subject);
    for (const receiver of receivers) {
      const wasTaken = this.loop.offer(bytes, () => receiver.deliver(delivery));
      if (!wasTaken && !this.isOverflowing) {
        this.logger.warn({ subject: delivery.subject }, 'The in-process bus is full and drops messages');
      }
      this.isOverflowing = !wasTaken;
    }
    return receivers.length > 0;
  }

  private listen(
    pattern: string,
    options: SubscribeOptions | undefined,
    deliver: (delivery: Delivery) => void | Promise<void>,
  ): Promise<Subscription> {
    if (this.drained) return Promise.reject(new BusClosedError());
    assertSubjectPattern(pattern);
    const runs = new ListenerRuns(pattern, this.logger, this.runs);
    let isStopped = false;
    const receiver: Receiver = {
      pattern,
      queue: options?.queue,
      deliver: (delivery) => {
        if (!isStopped) runs.start(() => deliver(delivery));
      },
    };
    this.receivers.add(receiver);
    const subscription: Subscription = {
      unsubscribe: () => {
        isStopped = true;
        this.receivers.remove(receiver);
        this.subscriptions.delete(subscription);
      },
      drain: async () => {
        this.receivers.remove(receiver);
        await this.loop.barrier();
        await runs.idle();
        subscription.unsubscribe();
      },
    };
    this.subscriptions.add(subscription);
    return Promise.resolve(subscription);
  }
}
