/**
 * The bus over NATS: core subjects for hints and requests, JetStream for work queues.
 *
 * The hot path is one raw callback per message: no iterator, no pipeline, JSON encoded once. The connection and its absences are
 * nats-link.ts; durable queues are nats-work-queue.ts.
 */
import type { Subject } from '@parley/contracts';
import { errors, type Msg } from '@nats-io/transport-node';
import type {
  Bus,
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
import { BusClosedError, PayloadTooLargeError, RequestFailedError } from './errors';
import { ListenerRuns } from './listener-runs';
import { FAILURE_HEADER, toBusHeaders, toNatsHeaders } from './nats-headers';
import { NatsLink } from './nats-link';
import { askNats } from './nats-request';
import { NatsWorkQueue } from './nats-work-queue';
import { answerTo } from './respond';
import { silentLogger } from './silent-logger';
import { assertConcreteSubject, assertSubjectPattern } from './subject';

export interface NatsBusOptions {
  /** One or more server addresses, separated by commas. */
  readonly url: string;
  /** Shown by the server's monitoring. */
  readonly name: string;
  readonly logger?: BusLogger;
  /** Check every message against its shape. Default true; production turns it off. */
  readonly validate?: boolean;
  /** Ends the attempts to connect for the first time. */
  readonly signal?: AbortSignal;
  /** What a work queue may hold; more is refused. Defaults: 1,000,000 jobs, 64 MiB. Applies to queues that do not exist yet. */
  readonly maxQueuedJobs?: number;
  readonly maxQueuedBytes?: number;
  /** Copies JetStream keeps of a work queue. Default 1. */
  readonly replicas?: number;
}

const CLOSE_FLUSH_MS = 2_000;
const MIB = 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Connects, however long that takes, until the signal ends it: then throws its reason. */
export async function connectNats(options: NatsBusOptions): Promise<Bus> {
  const logger = options.logger ?? silentLogger;
  const { url, name, signal } = options;
  return new NatsBus(await NatsLink.open({ url, name, logger, ...(signal && { signal }) }), options);
}

class NatsBus implements Bus {
  private readonly logger: BusLogger;
  private readonly codec: MessageCodec;
  private readonly subscriptions = new Set<Subscription>();
  private readonly runs = new Set<Promise<void>>();
  private readonly queues = new Map<string, NatsWorkQueue>();
  private drained: Promise<void> | undefined;

  constructor(
    private readonly link: NatsLink,
    private readonly options: NatsBusOptions,
  ) {
    this.logger = options.logger ?? silentLogger;
    this.codec = new MessageCodec({ validate: options.validate ?? true, logger: this.logger });
  }

  get isConnected(): boolean {
    return this.link.isUp;
  }

  publish<Payload>(subject: Subject<Payload>, payload: Payload, options?: PublishOptions): void {
    const data = this.encode(subject, payload);
    try {
      this.link.publish(subject.subject, data, options?.headers && toNatsHeaders(options.headers));
    } catch (error) {
      if (error instanceof errors.ClosedConnectionError || error instanceof errors.DrainingConnectionError)
        return;
      throw this.tooLarge(error, subject.subject, data);
    }
  }

  subscribe<Payload>(
    subject: Subject<Payload>,
    listener: MessageListener<Payload>,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    return this.listen(subject.subject, options, (message) => {
      const decoded = this.codec.decodeOrDrop(message.subject, subject.payload, decoder.decode(message.data));
      if (!decoded) return undefined;
      return listener(decoded.payload as Payload, {
        subject: message.subject,
        headers: toBusHeaders(message.headers),
      });
    });
  }

  async request<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    payload: Payload,
    options: RequestOptions,
  ): Promise<Reply> {
    options.signal?.throwIfAborted();
    const data = this.encode(subject, payload);
    const message = await askNats(this.link, { subject: subject.subject, data, options });
    const json = decoder.decode(message.data);
    if (message.headers?.has(FAILURE_HEADER))
      throw new RequestFailedError(subject.subject, String(JSON.parse(json)));
    return this.codec.decode(subject.subject, subject.reply, json) as Reply;
  }

  respond<Payload, Reply>(
    subject: Subject<Payload, Reply>,
    listener: RequestListener<Payload, Reply>,
    options?: SubscribeOptions,
  ): Promise<Subscription> {
    return this.listen(subject.subject, options, async (message) => {
      const { codec, logger } = this;
      const { maxPayloadBytes } = this.link;
      const json = decoder.decode(message.data);
      const delivery = { subject: message.subject, json, headers: toBusHeaders(message.headers) };
      const answer = await answerTo({ subject, listener, delivery, codec, logger, maxPayloadBytes });
      if (this.link.connection.isClosed()) return;
      if ('json' in answer) message.respond(answer.json);
      else
        message.respond(JSON.stringify(answer.failure), {
          headers: toNatsHeaders({ [FAILURE_HEADER]: '1' }),
        });
    });
  }

  workQueue<Payload>(subject: Subject<Payload>): WorkQueue<Payload> {
    assertConcreteSubject(subject.subject);
    const existing = this.queues.get(subject.subject);
    if (existing) return existing as WorkQueue<Payload>;
    const queue = new NatsWorkQueue(this.link, {
      subject: subject.subject,
      schema: subject.payload,
      codec: this.codec,
      logger: this.logger,
      maxJobs: this.options.maxQueuedJobs ?? 1_000_000,
      maxBytes: this.options.maxQueuedBytes ?? 64 * MIB,
      replicas: this.options.replicas ?? 1,
    });
    this.queues.set(subject.subject, queue);
    return queue as WorkQueue<Payload>;
  }

  onReconnect(listener: () => void): () => void {
    return this.link.onUp(() => {
      if (this.drained) return;
      this.link.flushed().then(listener, (error: unknown) => {
        if (!(error instanceof BusClosedError))
          this.logger.error({ err: error }, 'A reconnect listener threw');
      });
    });
  }

  drain(): Promise<void> {
    this.drained ??= this.close();
    return this.drained;
  }

  private async close(): Promise<void> {
    const queues = [...this.queues.values()].map((queue) => queue.close());
    await Promise.all([...queues, ...[...this.subscriptions].map((subscription) => subscription.drain())]);
    await Promise.all(this.runs);
    await this.link.close(CLOSE_FLUSH_MS);
  }

  private encode<Payload>(subject: Subject<Payload, unknown>, payload: Payload): Uint8Array {
    assertConcreteSubject(subject.subject);
    const data = encoder.encode(this.codec.encode(subject.subject, subject.payload, payload));
    if (data.length <= this.link.maxPayloadBytes) return data;
    throw new PayloadTooLargeError(subject.subject, data.length, this.link.maxPayloadBytes);
  }

  /** The client refuses what is too large only with its headers counted. */
  private tooLarge(error: unknown, subject: string, data: Uint8Array): unknown {
    if (!(error instanceof errors.InvalidArgumentError)) return error;
    return new PayloadTooLargeError(subject, data.length, this.link.maxPayloadBytes);
  }

  private async listen(
    pattern: string,
    options: SubscribeOptions | undefined,
    deliver: (message: Msg) => void | Promise<void>,
  ): Promise<Subscription> {
    if (this.drained) throw new BusClosedError();
    assertSubjectPattern(pattern);
    const runs = new ListenerRuns(pattern, this.logger, this.runs);
    this.link.sendHeld();
    const natsSubscription = this.link.connection.subscribe(pattern, {
      ...(options?.queue !== undefined && { queue: options.queue }),
      callback: (error, message) => {
        if (error) this.logger.error({ err: error, subject: pattern }, 'NATS refused a subscription');
        else runs.start(() => deliver(message));
      },
    });
    const subscription: Subscription = {
      unsubscribe: () => {
        this.subscriptions.delete(subscription);
        this.link.sendHeld();
        natsSubscription.unsubscribe();
      },
      drain: async () => {
        this.link.sendHeld();
        // Draining asks the server; without a connection nothing more can arrive anyway.
        if (this.link.isUp && !natsSubscription.isClosed())
          await untilDown(this.link, natsSubscription.drain());
        subscription.unsubscribe();
        await runs.idle();
      },
    };
    this.subscriptions.add(subscription);
    await this.link.flushed();
    return subscription;
  }
}

/** Waits for `work`, but not beyond the loss of the connection, and not for its failure. */
async function untilDown(link: NatsLink, work: Promise<void>): Promise<void> {
  let stop = (): unknown => undefined;
  const down = new Promise<void>((resolve) => {
    stop = link.onDown(resolve);
  });
  await Promise.race([work.catch(() => undefined), down]);
  stop();
}
