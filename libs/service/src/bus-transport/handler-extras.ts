/** What a handler may say beside its pattern, as the last argument of its decorator. A misspelt word stops the start. */
import type { MessageHandler } from '@nestjs/microservices';
import type { ConsumeOptions } from '@parley/bus';
import { z } from 'zod';

const positive = z.number().int().positive();

const handlerExtras = z.strictObject({
  /** How many messages of this handler run at once. */
  concurrency: positive.default(16),
  /** Replicas with the same name share the messages. */
  queue: z.string().min(1).optional(),
  /** The pattern is a work queue: see ConsumeOptions of the bus for the rest. */
  workQueue: z.boolean().default(false),
  ackWaitMs: positive.optional(),
  maxDeliveries: positive.optional(),
  retryDelayMs: z
    .custom<(deliveries: number, error: unknown) => number>((value) => typeof value === 'function')
    .optional(),
});

export type HandlerExtras = z.infer<typeof handlerExtras>;

/** Throws an Error naming the pattern when the extras make no sense. */
export function extrasOf(pattern: string, handler: MessageHandler): HandlerExtras {
  const parsed = handlerExtras.safeParse(handler.extras ?? {});
  if (!parsed.success)
    throw new Error(`The handler of ${pattern} has wrong options: ${z.prettifyError(parsed.error)}`);
  const extras = parsed.data;
  if (extras.workQueue && !handler.isEventHandler)
    throw new Error(`${pattern} is a work queue: use @EventPattern`);
  // A job has one acknowledgement, so it cannot have two handlers that fail apart.
  if (extras.workQueue && handler.next)
    throw new Error(`The work queue ${pattern} has more than one handler`);
  return extras;
}

/** Those for the consumer of a work queue; what was not said is left to the bus. */
export function consumeOptionsOf({
  concurrency,
  ackWaitMs,
  maxDeliveries,
  retryDelayMs,
}: HandlerExtras): ConsumeOptions {
  return {
    concurrency,
    ...(ackWaitMs !== undefined && { ackWaitMs }),
    ...(maxDeliveries !== undefined && { maxDeliveries }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
  };
}
