/**
 * Asks a model for the summary of a history, at most 90 s long: as the last message of the prompt that the next step would have had, its
 * tools included, so that the provider finds the rest in its cache. Where the provider finds that too large, or the model uses the
 * tools instead of writing, it is asked once more without them. Every call is in the ledger, however it ended.
 */
import type { Clock } from '@parley/contracts';
import {
  classifyModelError,
  estimateTokens,
  isTooLarge,
  ModelError,
  readSummary,
  summaryRequestRow,
  withoutProviderTools,
  withoutToolUse,
  type ModelRequest,
  type ResolvedModel,
} from '@parley/llm';
import type { CallLedger } from '../spend/call-ledger';
import { ModelCall } from '../spend/model-call';
import { stepRequest, type StepRequestParts } from '../prompt/step-request';
import type { TaskOrder } from '../tasks';
import type { History } from './plan-compaction';
import { summarySettings } from './summary-settings';

export const SUMMARY_TIMEOUT_MS = 90_000;

export interface SummariseParts extends StepRequestParts {
  readonly clock: Clock;
  readonly createId: () => string;
  readonly ledger: CallLedger;
}

/**
 * @param history its model is the one that writes the summary
 * @throws ModelError, also when the order's signal aborts; what the database throws
 */
export async function summarise(
  parts: SummariseParts,
  order: TaskOrder,
  { rows, model }: History,
): Promise<string> {
  const { head, stop } = order;
  const asked = [...rows, summaryRequestRow()];
  const request = await stepRequest(parts, { head, rows: asked, model, stop });
  const deadline = startDeadline(parts.clock);
  const signal = AbortSignal.any([order.signal, deadline.signal]);
  const call = (each: ModelRequest): Promise<string | undefined> =>
    ask(parts, order, { request: each, model, signal });
  try {
    const summary = (await whereItFits(call(request))) ?? (await call(withoutTools(request)));
    if (summary !== undefined) return summary;
    const message = 'The model wrote no summary.';
    throw new ModelError({ kind: 'generic', retryable: false, provider: model.provider, message });
  } catch (error) {
    if (!deadline.signal.aborted || order.signal.aborted) throw error;
    const message = `The summary took longer than ${SUMMARY_TIMEOUT_MS / 1000} seconds.`;
    throw new ModelError({ kind: 'timeout', retryable: false, provider: model.provider, message });
  } finally {
    await deadline.clear();
  }
}

/** Undefined also when the prompt was too large. */
async function whereItFits(summary: Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await summary;
  } catch (error) {
    if (error instanceof ModelError && isTooLarge(error)) return undefined;
    throw error;
  }
}

function withoutTools(request: ModelRequest): ModelRequest {
  return {
    ...request,
    tools: [],
    settings: withoutProviderTools(request.settings),
    messages: withoutToolUse(request.messages),
  };
}

async function ask(
  parts: SummariseParts,
  order: TaskOrder,
  { request, model, signal }: { request: ModelRequest; model: ResolvedModel; signal: AbortSignal },
): Promise<string | undefined> {
  const call = new ModelCall({
    id: parts.createId(),
    chatId: order.head.id,
    purpose: 'compaction',
    model,
  });
  const settings = summarySettings(request.settings, model.contextLimit - estimateTokens(request));
  try {
    signal.throwIfAborted();
    return await readSummary(call.watchedClient(), { ...request, settings }, signal);
  } catch (error) {
    throw classifyModelError(error, { provider: model.provider, signal });
  } finally {
    await parts.ledger.record(call, signal.aborted ? 'interrupted' : 'failed', order.stop);
  }
}

interface Deadline {
  readonly signal: AbortSignal;
  clear(): Promise<void>;
}

function startDeadline(clock: Clock): Deadline {
  const passed = new AbortController();
  const cleared = new AbortController();
  const timer = clock.sleep(SUMMARY_TIMEOUT_MS, { name: 'summary', signal: cleared.signal }).then(
    () => passed.abort(new DOMException('The summary took too long', 'TimeoutError')),
    () => undefined,
  );
  return {
    signal: passed.signal,
    clear: () => {
      cleared.abort();
      return timer;
    },
  };
}
