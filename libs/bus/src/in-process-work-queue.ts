/**
 * A work queue in memory: at least once while the process lives, deduplicated, bounded by count and bytes, with the same
 * redelivery and dead letters as the durable one. What waits when the process ends is gone.
 */
import type { z } from 'zod';
import type {
  AddOptions,
  BusHeaders,
  BusLogger,
  ConsumeOptions,
  DeadLetter,
  DeadLetters,
  JobListener,
  Subscription,
  WorkQueue,
} from './bus';
import type { MessageCodec } from './codec';
import { BusClosedError, InvalidMessageError, PayloadTooLargeError, WorkQueueFullError } from './errors';
import { RecentIds } from './recent-ids';
import { defaultRetryDelayMs } from './retry-delay';

const MAX_DEAD_LETTERS = 1_000;

export interface InProcessWorkQueueOptions {
  readonly subject: string;
  readonly schema: z.ZodType;
  readonly codec: MessageCodec;
  readonly logger: BusLogger;
  readonly maxPayloadBytes: number;
  readonly maxJobs: number;
  readonly maxBytes: number;
  readonly now: () => number;
}

interface Job {
  readonly messageId: string;
  readonly json: string;
  readonly headers: BusHeaders;
  readonly bytes: number;
  deliveries: number;
}

interface Consumer {
  readonly listener: JobListener<unknown>;
  readonly options: ConsumeOptions;
  readonly running: Set<Promise<void>>;
}

export class InProcessWorkQueue implements WorkQueue<unknown> {
  private readonly waiting: Job[] = [];
  private readonly retries = new Set<NodeJS.Timeout>();
  private readonly recentIds: RecentIds;
  private consumers: Consumer[] = [];
  private readonly dead: DeadLetter[] = [];
  private deadCount = 0;
  private jobs = 0;
  private bytes = 0;
  private isClosed = false;

  constructor(private readonly options: InProcessWorkQueueOptions) {
    this.recentIds = new RecentIds(options.now);
  }

  add(payload: unknown, options: AddOptions): Promise<void> {
    return Promise.resolve().then(() => this.put(payload, options));
  }

  consume(listener: JobListener<unknown>, options: ConsumeOptions): Promise<Subscription> {
    if (this.isClosed) return Promise.reject(new BusClosedError());
    const consumer: Consumer = { listener, options, running: new Set() };
    this.consumers.push(consumer);
    this.pump();
    const unsubscribe = (): void => {
      this.consumers = this.consumers.filter((other) => other !== consumer);
    };
    const drain = async (): Promise<void> => {
      unsubscribe();
      await Promise.all(consumer.running);
    };
    return Promise.resolve({ unsubscribe, drain });
  }

  deadLetters({ limit = 100 }: { readonly limit?: number } = {}): Promise<DeadLetters> {
    return Promise.resolve({ count: this.deadCount, letters: this.dead.slice(0, limit) });
  }

  /** Takes no more jobs and waits for the running ones. */
  async close(): Promise<void> {
    this.isClosed = true;
    const running = this.consumers.flatMap((consumer) => [...consumer.running]);
    this.consumers = [];
    await Promise.all(running);
    for (const retry of this.retries) clearTimeout(retry);
    this.retries.clear();
  }

  private put(payload: unknown, { messageId, headers }: AddOptions): void {
    const { subject, maxPayloadBytes, maxJobs, maxBytes } = this.options;
    if (this.isClosed) throw new BusClosedError();
    const json = this.options.codec.encode(subject, this.options.schema, payload);
    const bytes = Buffer.byteLength(json);
    if (bytes > maxPayloadBytes) throw new PayloadTooLargeError(subject, bytes, maxPayloadBytes);
    if (this.jobs >= maxJobs || this.bytes + bytes > maxBytes) throw new WorkQueueFullError(subject);
    if (!this.recentIds.isNew(messageId)) return;
    this.jobs += 1;
    this.bytes += bytes;
    this.waiting.push({ messageId, json, headers: headers ?? {}, bytes, deliveries: 0 });
    this.pump();
  }

  private pump(): void {
    while (this.waiting.length > 0) {
      const consumer = this.leastBusy();
      const job = consumer && this.waiting.shift();
      if (!consumer || !job) return;
      const run: Promise<void> = this.run(consumer, job).finally(() => {
        consumer.running.delete(run);
        this.pump();
      });
      consumer.running.add(run);
    }
  }

  private leastBusy(): Consumer | undefined {
    let chosen: Consumer | undefined;
    for (const consumer of this.consumers) {
      if (consumer.running.size >= consumer.options.concurrency) continue;
      if (!chosen || consumer.running.size < chosen.running.size) chosen = consumer;
    }
    return chosen;
  }

  private async run(consumer: Consumer, job: Job): Promise<void> {
    const { subject, schema, codec, logger } = this.options;
    job.deliveries += 1;
    await new Promise((resolve) => setImmediate(resolve));
    try {
      const payload = codec.decode(subject, schema, job.json);
      const { messageId, deliveries, headers } = job;
      await consumer.listener(payload, { subject, messageId, deliveries, headers });
      this.forget(job);
    } catch (error) {
      const { maxDeliveries = 5, retryDelayMs = defaultRetryDelayMs } = consumer.options;
      logger.error(
        { err: error, subject, messageId: job.messageId, deliveries: job.deliveries },
        'A job failed',
      );
      if (error instanceof InvalidMessageError || job.deliveries >= maxDeliveries) this.bury(job, error);
      else this.retryLater(job, retryDelayMs(job.deliveries, error));
    }
  }

  private retryLater(job: Job, delayMs: number): void {
    const retry = setTimeout(() => {
      this.retries.delete(retry);
      this.waiting.push(job);
      this.pump();
    }, delayMs);
    retry.unref();
    this.retries.add(retry);
  }

  private bury(job: Job, error: unknown): void {
    this.forget(job);
    this.deadCount += 1;
    this.dead.push({
      messageId: job.messageId,
      payload: JSON.parse(job.json),
      deliveries: job.deliveries,
      reason: error instanceof Error ? error.message : String(error),
      failedAt: new Date(this.options.now()),
    });
    if (this.dead.length > MAX_DEAD_LETTERS) this.dead.shift();
  }

  private forget(job: Job): void {
    this.jobs -= 1;
    this.bytes -= job.bytes;
  }
}
