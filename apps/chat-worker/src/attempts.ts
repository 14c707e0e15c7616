/**
 * Attempts at a step: each failure is counted in the chat's row, where a takeover finds the count and the time to wait, so that nobody
 * begins to count anew. What retrying cannot cure, and the last attempt, throw.
 */
import { recordRetry, type ChatStore } from '@parley/chat-state';
import type { Clock } from '@parley/contracts';
import { MAX_ATTEMPTS, retryDelayMs, type ModelError } from '@parley/llm';
import { FailedStep } from './errors';
import type { WorkerMetrics } from './metrics';
import type { Persistence } from './persistence';
import { fenceOf, outcomeOf, type Partial, type TaskLogger, type TaskOrder, type TaskOutcome } from './tasks';

export interface AttemptParts {
  readonly store: ChatStore;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly persistence: Persistence;
  readonly metrics: Pick<WorkerMetrics, 'retried'>;
  readonly logger: TaskLogger;
}

/**
 * False when stopped meanwhile. The wait is stored in the row, so that a worker who takes the chat over keeps it; clocks
 * differ, so it is never longer than it was when it began.
 */
export async function waitForRetry(
  parts: Pick<AttemptParts, 'clock'>,
  { head: { retry }, signal, watch }: TaskOrder,
): Promise<boolean> {
  const untilMs = retry === null ? 0 : Date.parse(retry.retrying_at) - parts.clock.now();
  const waitMs = Math.min(untilMs, retry?.delay_ms ?? 0);
  if (waitMs <= 0) return !signal.aborted;
  watch.enter('retry_backoff');
  try {
    await parts.clock.sleep(waitMs, { name: 'retry', signal });
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}

/** The partial answer counts only when the write is stale: interrupted before the failure, it is kept. @throws FailedStep */
export async function retryOrThrow(
  parts: AttemptParts,
  order: TaskOrder,
  { error, partial }: { error: ModelError; partial: Partial },
): Promise<TaskOutcome> {
  const attempt = order.head.generationAttempt + 1;
  if (!error.retryable || attempt >= MAX_ATTEMPTS) throw new FailedStep(error, partial);
  parts.metrics.retried(error.kind);
  const fields = { err: error, chat_id: order.head.id, turn: order.watch.turn, attempt };
  parts.logger.warn(fields, 'The model failed and is asked again');
  const retry = {
    delay_ms: retryDelayMs(attempt, { retryAfterMs: error.retryAfterMs, random: parts.random }),
    error: error.message,
    kind: error.kind,
    provider: error.provider,
    ...(error.statusCode !== undefined && { status_code: error.statusCode }),
  };
  const input = { fence: fenceOf(order.head), retry };
  const write = parts.persistence.write(() => recordRetry(parts.store, input), order.stop);
  const done = await write.catch((cause: unknown) => {
    throw new FailedStep(cause, partial);
  });
  return outcomeOf(done, partial);
}
