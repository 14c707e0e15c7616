/**
 * Compaction: a model's summary takes the place of what came before, for the model alone. People keep their history, and see where it
 * happened by a pair of call and result.
 *
 * Everything that changes is one statement, after the summary is there in full; an interrupt, an edit or a takeover before it leaves the
 * history as it was, and no more than what the call cost. Failures are attempts like those of a step. In a turn that grew too large
 * it is one step of many; one that a person asked for is all of its turn.
 */
import { commitCompaction, finishCompaction } from '@parley/chat-state';
import { CHAT_SUMMARIZED, type ChatSummarized } from '@parley/contracts';
import { classifyModelError, ModelError } from '@parley/llm';
import { retryOrThrow, type AttemptParts } from '../attempts';
import { FailedStep } from '../errors';
import type { WorkerMetrics } from '../metrics';
import { fenceOf, outcomeOf, type Partial, type TaskOrder, type TaskOutcome } from '../tasks';
import type { Transcripts } from '../transcripts';
import { publisherFor, type LiveParts } from '../turn';
import { compactionCall, compactionMessages, compactionResult } from './compaction-messages';
import { usagePercent } from './context-usage';
import type { CompactionPlan, History } from './plan-compaction';
import { summarise, type SummariseParts } from './summarise';

export interface CompactParts extends SummariseParts, AttemptParts, LiveParts {
  readonly clock: LiveParts['clock'];
  readonly logger: LiveParts['logger'];
  readonly metrics: WorkerMetrics;
  readonly transcripts: Transcripts;
}

type Step = { readonly plan: CompactionPlan } & Pick<History, 'rows'>;

/** @throws FailedStep */
export async function compact(parts: CompactParts, order: TaskOrder, step: Step): Promise<TaskOutcome> {
  try {
    return await attempt(parts, order, step);
  } catch (error) {
    // Viewers see a call that nobody will answer.
    throw new FailedStep(error instanceof FailedStep ? error.cause : error, nothingOf(order), true);
  }
}

async function attempt(parts: CompactParts, order: TaskOrder, { plan, rows }: Step): Promise<TaskOutcome> {
  const { head, signal, watch } = order;
  const { source, summariser } = plan;
  if (summariser.refusal !== undefined) {
    const fields = { err: summariser.refusal, chat_id: head.id, turn: watch.turn };
    parts.logger.warn(fields, 'The model for compaction cannot be used: the model of the chat summarises');
  }
  watch.enter('compaction');
  const toolCallId = `${CHAT_SUMMARIZED}_${parts.createId()}`;
  const publisher = publisherFor(parts, order);
  let result: ChatSummarized;
  try {
    publisher.push({ role: 'assistant', part: compactionCall(toolCallId, source) });
    const summary = await summarise(parts, order, { rows, model: summariser.model });
    result = toResult(plan, summary);
    publisher.push({ role: 'tool', part: compactionResult({ toolCallId, result }) });
  } catch (error) {
    if (signal.aborted) return { type: 'stopped', partial: null };
    return await retryOrThrow(parts, order, { error: whySo(error, plan), partial: nothingOf(order) });
  } finally {
    await publisher.close();
  }
  if (signal.aborted) return { type: 'stopped', partial: null };
  watch.enter('commit');
  const runtimeMs = Math.max(0, Math.round(parts.clock.now() - order.startedAt));
  const messages = compactionMessages({ toolCallId, result, rows, runtimeMs });
  return commit(parts, order, { source, messages });
}

async function commit(
  { store, persistence, transcripts, metrics }: CompactParts,
  { head, stop }: TaskOrder,
  { source, messages }: { source: ChatSummarized['source']; messages: ReturnType<typeof compactionMessages> },
): Promise<TaskOutcome> {
  const transition = source === 'manual' ? finishCompaction : commitCompaction;
  const done = await persistence.write(() => transition(store, { fence: fenceOf(head), messages }), stop);
  if (done.ok) metrics.compacted(source);
  return outcomeOf(transcripts.followed(head, done));
}

/** Nothing of a compaction is kept before it is there in full. */
function nothingOf({ head }: TaskOrder): Partial {
  return { historyVersion: head.historyVersion, messages: [], openCalls: [] };
}

function toResult({ source, usage }: CompactionPlan, summary: string): ChatSummarized {
  return {
    summary,
    source,
    threshold: usage.threshold,
    usage_percent: usagePercent(usage),
    context_tokens: usage.tokens,
    context_limit: usage.limit,
    estimated: usage.isEstimated,
  };
}

/** The person who chats should know that it was not the answer that failed. */
function whySo(error: unknown, { summariser: { model } }: CompactionPlan): ModelError {
  const cause = classifyModelError(error, model);
  const { kind, retryable, provider, statusCode, retryAfterMs, detail } = cause;
  const message = `The conversation could not be summarised. ${cause.message}`;
  return new ModelError({ kind, retryable, provider, message, statusCode, retryAfterMs, detail, cause });
}
