/**
 * One consumer of a JetStream work queue: pulls no more jobs than it has free places, runs them, and answers for each:
 * done, again later, or dead. While a job runs the server is told so, hence `ackWaitMs` measures dead processes, not slow jobs.
 */
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { setTimeout as wait } from 'node:timers/promises';
import type { BusLogger, ConsumeOptions, JobListener } from './bus';
import { BusClosedError, InvalidMessageError } from './errors';
import type { DeadLetterStream } from './nats-dead-letters';
import { toBusHeaders } from './nats-headers';
import type { NatsLink } from './nats-link';
import { defaultRetryDelayMs } from './retry-delay';

const PULL_MS = 5_000;
const RETRY_PULL_MS = 300;

export interface NatsJobsOptions {
  readonly link: NatsLink;
  readonly dead: DeadLetterStream;
  readonly openConsumer: () => Promise<Consumer>;
  /** Throws InvalidMessageError. */
  readonly decode: (json: string) => unknown;
  readonly listener: JobListener<unknown>;
  readonly options: ConsumeOptions;
  readonly logger: BusLogger;
  readonly subject: string;
}

export class NatsJobs {
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private pull: ConsumerMessages | undefined;
  private finished: Promise<void> = Promise.resolve();

  constructor(private readonly task: NatsJobsOptions) {}

  /** Pulls until stopped; `onFinished` is called when the last job is done. */
  start(consumer: Consumer, onFinished: () => void): void {
    this.finished = this.loop(consumer).finally(onFinished);
  }

  /** Pulls no more; resolves when the running jobs are done. */
  stop(): Promise<void> {
    this.stopping.abort();
    this.pull?.stop();
    return this.finished;
  }

  private get isStopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async loop(first: Consumer): Promise<void> {
    const stopWatching = this.task.link.onDown(() => this.pull?.stop());
    let consumer: Consumer | undefined = first;
    while (!this.isStopped) {
      try {
        await this.freePlace();
        await this.connected();
        if (this.isStopped) break;
        consumer ??= await this.task.openConsumer();
        await this.pullOnce(consumer);
      } catch (error) {
        if (this.isStopped || error instanceof BusClosedError) break;
        this.task.logger.warn(
          { err: error, subject: this.task.subject },
          'Could not pull jobs, trying again',
        );
        consumer = undefined;
        const delayMs = RETRY_PULL_MS * (1 + Math.random());
        await wait(delayMs, undefined, { signal: this.stopping.signal }).catch(() => undefined);
      }
    }
    stopWatching();
    await Promise.all(this.running);
  }

  private async pullOnce(consumer: Consumer): Promise<void> {
    const free = this.task.options.concurrency - this.running.size;
    this.pull = await consumer.fetch({ max_messages: free, expires: PULL_MS });
    if (this.isStopped) this.pull.stop();
    for await (const message of this.pull) this.take(message);
    this.pull = undefined;
  }

  private async freePlace(): Promise<void> {
    while (this.running.size >= this.task.options.concurrency) await Promise.race(this.running);
  }

  /** Resolves when the connection is there, or when stopped. */
  private async connected(): Promise<void> {
    const { link } = this.task;
    const { signal } = this.stopping;
    while (!link.isUp && !this.isStopped) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stopWatching();
          signal.removeEventListener('abort', done);
          resolve();
        };
        const stopWatching = link.onUp(done);
        signal.addEventListener('abort', done);
      });
    }
  }

  private take(message: JsMsg): void {
    const run: Promise<void> = this.work(message)
      .catch((error: unknown) =>
        this.task.logger.error({ err: error, subject: this.task.subject }, 'A job could not be answered'),
      )
      .finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async work(message: JsMsg): Promise<void> {
    const { listener, subject, options } = this.task;
    const { maxDeliveries = 5, ackWaitMs = 30_000 } = options;
    const messageId = message.headers?.get('Nats-Msg-Id') ?? '';
    const deliveries = message.info.deliveryCount;
    if (deliveries > maxDeliveries) {
      await this.bury(message, messageId, 'its consumers died while working on it');
      return;
    }
    const keepAlive = setInterval(() => {
      if (this.task.link.isUp) message.working();
    }, ackWaitMs / 2);
    try {
      const payload = this.task.decode(message.string());
      await listener(payload, { subject, messageId, deliveries, headers: toBusHeaders(message.headers) });
      message.ack();
    } catch (error) {
      await this.refuse(message, messageId, error);
    } finally {
      clearInterval(keepAlive);
    }
  }

  private async refuse(message: JsMsg, messageId: string, error: unknown): Promise<void> {
    const { logger, subject, options } = this.task;
    const deliveries = message.info.deliveryCount;
    logger.error({ err: error, subject, messageId, deliveries }, 'A job failed');
    if (error instanceof InvalidMessageError || deliveries >= (options.maxDeliveries ?? 5)) {
      await this.bury(message, messageId, error instanceof Error ? error.message : String(error));
    } else {
      message.nak((options.retryDelayMs ?? defaultRetryDelayMs)(deliveries, error));
    }
  }

  /** The letter is stored before the job is given up; when that fails the job comes back and is buried then. */
  private async bury(message: JsMsg, messageId: string, reason: string): Promise<void> {
    await this.task.dead.bury(message, messageId, reason);
    message.term();
  }
}
