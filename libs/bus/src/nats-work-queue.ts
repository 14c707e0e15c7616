/**
 * A durable work queue on JetStream: one stream per queue that keeps a job until a consumer acknowledged it, and beside it a
 * stream of dead letters. All consumers of all processes share one durable consumer, so each job goes to one of them.
 *
 * Deliveries are counted by the server, also those whose process died; a job delivered more often than allowed is buried
 * before it can kill again. Streams that exist keep their configuration.
 */
import { type Consumer, jetstream, JetStreamApiError, jetstreamManager } from '@nats-io/jetstream';
import { AckPolicy, DiscardPolicy, RetentionPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { errors, nanos } from '@nats-io/transport-node';
import type { z } from 'zod';
import type {
  AddOptions,
  BusLogger,
  ConsumeOptions,
  DeadLetters,
  JobListener,
  Subscription,
  WorkQueue,
} from './bus';
import type { MessageCodec } from './codec';
import { BusClosedError, BusUnavailableError, PayloadTooLargeError, WorkQueueFullError } from './errors';
import { DeadLetterStream } from './nats-dead-letters';
import { toNatsHeaders } from './nats-headers';
import { NatsJobs } from './nats-jobs';
import type { NatsLink } from './nats-link';
import { DEDUPLICATION_WINDOW_MS } from './recent-ids';

const DURABLE = 'workers';
const REQUEST_TIMEOUT_MS = 5_000;
/** Left free in a job's message for what a dead letter adds. */
const HEADER_ALLOWANCE_BYTES = 4_096;
/** JetStream's "could not store": with discard policy `new`, also what it says when the stream is full. */
const STORE_FAILED = 10077;
const encoder = new TextEncoder();

export interface NatsWorkQueueOptions {
  readonly subject: string;
  readonly schema: z.ZodType;
  readonly codec: MessageCodec;
  readonly logger: BusLogger;
  readonly maxJobs: number;
  readonly maxBytes: number;
  readonly replicas: number;
}

export class NatsWorkQueue implements WorkQueue<unknown> {
  private readonly stream: string;
  private readonly dead: DeadLetterStream;
  private readonly consumers = new Set<NatsJobs>();
  private ready: Promise<JetStreamManager> | undefined;
  private isClosed = false;

  constructor(
    private readonly link: NatsLink,
    private readonly options: NatsWorkQueueOptions,
  ) {
    this.stream = `work-${options.subject.replaceAll('.', '-')}`;
    this.dead = new DeadLetterStream(link, options);
  }

  async add(payload: unknown, { messageId, headers }: AddOptions): Promise<void> {
    const { subject, codec, schema } = this.options;
    if (this.isClosed) throw new BusClosedError();
    const data = encoder.encode(codec.encode(subject, schema, payload));
    const maxBytes = this.link.maxPayloadBytes - HEADER_ALLOWANCE_BYTES;
    if (data.length > maxBytes) throw new PayloadTooLargeError(subject, data.length, maxBytes);
    await this.attempt(async () => {
      await this.prepared();
      await jetstream(this.link.connection).publish(subject, data, {
        msgID: messageId,
        timeout: REQUEST_TIMEOUT_MS,
        ...(headers && { headers: toNatsHeaders(headers) }),
      });
    });
  }

  async consume(listener: JobListener<unknown>, options: ConsumeOptions): Promise<Subscription> {
    if (this.isClosed) throw new BusClosedError();
    const { subject, schema, codec, logger } = this.options;
    const openConsumer = (): Promise<Consumer> =>
      this.attempt(() => this.openConsumer(options.ackWaitMs ?? 30_000));
    const consumer = await openConsumer();
    const jobs = new NatsJobs({
      link: this.link,
      dead: this.dead,
      openConsumer,
      decode: (json) => codec.decode(subject, schema, json),
      listener,
      options,
      logger,
      subject,
    });
    this.consumers.add(jobs);
    jobs.start(consumer, () => this.consumers.delete(jobs));
    return { unsubscribe: () => void jobs.stop(), drain: () => jobs.stop() };
  }

  async deadLetters({ limit = 100 }: { readonly limit?: number } = {}): Promise<DeadLetters> {
    return this.attempt(async () => this.dead.read(await this.prepared(), limit));
  }

  /** Takes no more jobs and waits for the running ones. */
  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.consumers].map((jobs) => jobs.stop()));
  }

  /** The streams exist after this; asked once per connection, and again after a failure. */
  private prepared(): Promise<JetStreamManager> {
    this.ready ??= this.createStreams().catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    return this.ready;
  }

  private async createStreams(): Promise<JetStreamManager> {
    const manager = await jetstreamManager(this.link.connection, { timeout: REQUEST_TIMEOUT_MS });
    await ignoringExisting(
      manager.streams.add({
        name: this.stream,
        subjects: [this.options.subject],
        retention: RetentionPolicy.Workqueue,
        discard: DiscardPolicy.New,
        max_msgs: this.options.maxJobs,
        max_bytes: this.options.maxBytes,
        duplicate_window: nanos(DEDUPLICATION_WINDOW_MS),
        num_replicas: this.options.replicas,
      }),
    );
    await ignoringExisting(this.dead.create(manager));
    return manager;
  }

  private async openConsumer(ackWaitMs: number): Promise<Consumer> {
    const manager = await this.prepared();
    const config = { ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: 10_000 };
    try {
      await manager.consumers.add(this.stream, {
        ...config,
        durable_name: DURABLE,
        ack_policy: AckPolicy.Explicit,
      });
    } catch (error) {
      if (!(error instanceof JetStreamApiError)) throw error;
      // It exists with another ack wait: the newest process decides.
      await manager.consumers.update(this.stream, DURABLE, config);
    }
    return jetstream(this.link.connection).consumers.get(this.stream, DURABLE);
  }

  /** A failure may mean that the streams are gone (a server with new disks), so the next call creates them again. */
  private async attempt<T>(work: () => Promise<T>): Promise<T> {
    if (this.link.connection.isClosed()) throw new BusClosedError();
    if (!this.link.isUp) throw new BusUnavailableError('NATS is disconnected');
    try {
      return await work();
    } catch (error) {
      this.ready = undefined;
      throw this.asBusError(error);
    }
  }

  private asBusError(error: unknown): Error {
    if (
      error instanceof JetStreamApiError &&
      error.code === STORE_FAILED &&
      error.message.includes('maximum')
    ) {
      return new WorkQueueFullError(this.options.subject);
    }
    if (error instanceof errors.ClosedConnectionError) return new BusClosedError();
    return new BusUnavailableError(error instanceof Error ? error.message : String(error));
  }
}

async function ignoringExisting(creation: Promise<unknown>): Promise<void> {
  const NAME_IN_USE = 10058;
  try {
    await creation;
  } catch (error) {
    if (!(error instanceof JetStreamApiError) || error.code !== NAME_IN_USE) throw error;
  }
}
