/**
 * Nest handlers on our bus, for low-rate subjects: `@EventPattern<string>('config.*.changed')`, `@MessagePattern(…)`, and work queues with
 * `@EventPattern<string>('push.turn_finished', { workQueue: true, concurrency: 4 })`.
 *
 * Promises what Nest's own transports lack: bounded concurrency, a drain at close that lets handlers in flight finish, and jobs that
 * are acknowledged when their handler resolves and come back when it throws. Refuses to start with a handler whose subject is not
 * in the catalogue. Hot subjects use the bus directly: Nest's pipeline costs several times as much per message.
 *
 * `<string>` chooses the overload of Nest's decorator that takes methods of any signature.
 */
import type { Bus, JobContext, MessageContext, Subscription } from '@parley/bus';
import type { Subject } from '@parley/contracts';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { BusContext } from './bus-context';
import { ConcurrencyLimit } from './concurrency-limit';
import { consumeOptionsOf, extrasOf, type HandlerExtras } from './handler-extras';

export interface BusTransportOptions {
  readonly bus: Bus;
  /** The subjects that handlers may name; a handler's pattern is looked up here to find the shape of its payload. */
  readonly subjects: readonly Subject<unknown, unknown>[];
}

/** Identifies this transport to Nest, for handlers that name one. */
export const BUS_TRANSPORT = Symbol('parley bus');

/** How many messages of one subscription may wait for their turn. */
const MAX_WAITING = 1_000;

type Payload = unknown;
type BusHandler = MessageHandler<Payload, BusContext, unknown>;

export class BusTransportStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = BUS_TRANSPORT;
  private readonly subscriptions: Subscription[] = [];

  constructor(private readonly options: BusTransportOptions) {
    super();
  }

  /** Subscribes every handler; when one cannot be, the callback gets the error and none stays subscribed. */
  listen(callback: (error?: unknown) => void): void {
    this.subscribeAll().then(
      () => callback(),
      async (error: unknown) => {
        await this.close();
        callback(error);
      },
    );
  }

  /** No new message starts a handler; resolves when those in flight are done. The bus itself stays open. */
  async close(): Promise<void> {
    await Promise.all(this.subscriptions.splice(0).map((subscription) => subscription.drain()));
  }

  override on(event: string): never {
    throw new Error(`This transport has no events, also not ${event}: ask the bus`);
  }

  override unwrap<T = Bus>(): T {
    return this.options.bus as T;
  }

  private async subscribeAll(): Promise<void> {
    for (const [pattern, handler] of this.messageHandlers as ReadonlyMap<string, BusHandler>) {
      this.subscriptions.push(await this.subscribeOne(pattern, handler));
    }
  }

  private subscribeOne(pattern: string, handler: BusHandler): Promise<Subscription> {
    const subject = this.options.subjects.find((known) => known.subject === pattern);
    if (!subject) throw new Error(`No subject ${pattern} in the catalogue given to BusTransportStrategy`);
    const extras = extrasOf(pattern, handler);
    if (extras.workQueue) return this.consume(subject, handler, extras);
    const { concurrency, queue } = extras;
    const limit = new ConcurrencyLimit({ concurrency, maxWaiting: MAX_WAITING });
    const listener = (payload: Payload, context: MessageContext): Promise<unknown> =>
      limit.run(() => this.handle(handler, payload, context));
    const options = queue === undefined ? {} : { queue };
    if (!handler.isEventHandler) return this.options.bus.respond(subject, listener, options);
    return this.options.bus.subscribe(
      eventOf(subject),
      async (payload, context) => {
        await listener(payload, context);
      },
      options,
    );
  }

  private consume(
    subject: Subject<unknown, unknown>,
    handler: BusHandler,
    extras: HandlerExtras,
  ): Promise<Subscription> {
    return this.options.bus.workQueue(eventOf(subject)).consume(async (payload, job) => {
      await this.handle(handler, payload, job);
    }, consumeOptionsOf(extras));
  }

  /** Runs Nest's pipeline to its end, between the hooks that tracing registers. */
  private handle(
    handler: BusHandler,
    payload: Payload,
    context: MessageContext | JobContext,
  ): Promise<unknown> {
    const rpcContext = new BusContext([context]);
    return new Promise((resolve, reject) => {
      this.onProcessingStartHook(this.transportId, rpcContext, async () => {
        try {
          const result: unknown = await handler(payload, rpcContext);
          resolve(isObservable(result) ? await lastValueFrom(result, { defaultValue: undefined }) : result);
        } catch (error) {
          reject(asError(error));
        } finally {
          // Nest sets it only when there are hooks, whatever its type says.
          const endHook = this.onProcessingEndHook as typeof this.onProcessingEndHook | undefined;
          endHook?.(this.transportId, rpcContext);
        }
      });
    });
  }
}

function eventOf({ subject, payload }: Subject<unknown, unknown>): Subject<unknown> {
  return { subject, payload };
}

/** Nest's own exception filter throws plain objects with a message. */
function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  const hasMessage = typeof thrown === 'object' && thrown !== null && 'message' in thrown;
  return new Error(String(hasMessage ? thrown.message : thrown), { cause: thrown });
}
