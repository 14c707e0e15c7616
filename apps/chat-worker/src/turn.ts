/**
 * The path of a message, file 4 of 6. Next: libs/chat-state/src/transitions/finish-turn.ts
 *
 * One step of a turn: build the prompt (or first make room for it, see compaction/compact.ts), stream the model, publish its parts,
 * decide what follows, and commit the answer together with that decision in one statement. Nothing is held while the model streams: no lock, no transaction, no connection.
 *
 * A step that is stopped in the middle hands over what viewers have seen of it, and writes nothing: whoever stopped it knows
 * whether that text is kept (an interrupt) or dropped (an edit).
 */
import { commitStep, enterAction, finishTurn, type ChatStore, type NewMessage } from '@parley/chat-state';
import type { Bus } from '@parley/bus';
import type { ChatSettings } from '@parley/chat-settings';
import type { Clock, OpenCall } from '@parley/contracts';
import { classifyModelError, StepAccumulator, type ModelRequest, type ResolvedModel } from '@parley/llm';
import { retryOrThrow, waitForRetry } from './attempts';
import type { Titles } from './auxiliary/titles';
import { compact } from './compaction/compact';
import { planCompaction } from './compaction/plan-compaction';
import { hasToSummarise } from './compaction/turn-so-far';
import { FailedStep } from './errors';
import type { Episodes } from './live/episodes';
import { PartsPublisher } from './live/parts-publisher';
import type { WorkerMetrics } from './metrics';
import type { Persistence } from './persistence';
import { stepRequest } from './prompt/step-request';
import type { CallLedger } from './spend/call-ledger';
import { ModelCall, withoutCall } from './spend/model-call';
import { fenceOf, outcomeOf, type Partial, type TaskLogger, type TaskOrder, type TaskOutcome } from './tasks';
import { openCallsOf } from './tools/offered-tools';
import type { ToolRegistry } from './tools/tool-registry';
import type { StepGate } from './step-gate';
import type { Transcripts } from './transcripts';
import { isTurnComplete } from './turn-end';

/** What publishing live parts takes. */
export interface LiveParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly episodes: Episodes;
  readonly logger: TaskLogger;
  readonly metrics: WorkerMetrics;
}

export interface TurnParts extends LiveParts {
  readonly store: ChatStore;
  /** In [0, 1). */
  readonly random: () => number;
  readonly models: { resolve(modelConfigId: string, userId?: string): Promise<ResolvedModel> };
  readonly chatSettings: ChatSettings;
  readonly tools: ToolRegistry;
  readonly transcripts: Transcripts;
  readonly titles: Titles;
  readonly persistence: Persistence;
  readonly gate: StepGate;
  readonly createId: () => string;
  readonly ledger: CallLedger;
}

export async function takeStep(parts: TurnParts, order: TaskOrder): Promise<TaskOutcome> {
  const { head, stop } = order;
  const { watch } = order;
  if (!(await waitForRetry(parts, order))) return { type: 'stopped', partial: null };
  if (!parts.gate.isOpen) watch.enter('queue_wait');
  if (!(await parts.gate.pass(order.signal))) return { type: 'stopped', partial: null };
  watch.enter('transcript');
  const rows = await parts.persistence.write(() => parts.transcripts.of(head), stop);
  if (rows === null) return { type: 'stale', partial: null };
  watch.enter('prompt');
  const isToBeCompacted = head.compactionRequestedAt !== null && hasToSummarise(rows);
  if (!isToBeCompacted && isTurnComplete(rows, (name) => parts.tools.stopsTurn(head, name)))
    return commit(parts, order, { messages: [], openCalls: [] });
  const model = await parts.persistence.write(
    () => parts.models.resolve(head.lastModelConfigId, head.ownerId),
    stop,
  );
  const plan = await planCompaction(parts, order, { rows, model });
  if (plan !== null) return compact(parts, order, { plan, rows });
  const step = new StepAccumulator({ clock: parts.clock, provider: model.provider });
  const request = await stepRequest(parts, { head, rows, model, stop });
  const call = new ModelCall({ id: parts.createId(), chatId: head.id, purpose: 'turn', model });
  const onBegin = (): void => parts.titles.consider({ head, rows });
  watch.enter('model_first_token');
  try {
    await streamModel(parts, { order, model, step, call, request, onBegin });
  } catch (error) {
    watch.enter('commit');
    if (!order.signal.aborted) {
      await parts.ledger.record(call, 'failed', order.stop);
      const partial = unpaid(answerOf(parts, { order, model, step, call }));
      return retryOrThrow(parts, order, { error: classifyModelError(error, model), partial });
    }
  }
  // A provider whose socket was cut may throw anything, or just end: only the signal tells.
  watch.enter('commit');
  const answer = answerOf(parts, { order, model, step, call });
  if (!order.signal.aborted) return commit(parts, order, { ...answer, call });
  await parts.ledger.record(call, 'interrupted', order.stop);
  return { type: 'stopped', partial: unpaid(answer) };
}

interface Step {
  readonly order: TaskOrder;
  readonly model: ResolvedModel;
  readonly step: StepAccumulator;
  readonly call: ModelCall;
}

interface Stream extends Step {
  readonly request: ModelRequest;
  /** The model began to answer. */
  readonly onBegin: () => void;
}

/** Fills the step from the model's stream and publishes what viewers get to see. Leaving it closes the provider's socket. */
async function streamModel(
  parts: TurnParts,
  { order, model, step, call, request, onBegin }: Stream,
): Promise<void> {
  const publisher = publisherFor(parts, order);
  const askedAt = parts.clock.now();
  let hasBegun = false;
  try {
    for await (const part of model.client.stream(request, order.signal)) {
      call.see(part);
      for (const live of step.add(part)) publisher.push({ role: 'assistant', part: live });
      if (!hasBegun && part.type !== 'usage') {
        hasBegun = true;
        parts.metrics.firstPart(parts.clock.now() - askedAt);
        order.watch.enter('stream');
        order.watch.firstToken();
        onBegin();
      }
      if (order.signal.aborted) return;
    }
  } finally {
    await publisher.close();
  }
}

export function publisherFor(
  parts: LiveParts,
  { head, watch }: Pick<TaskOrder, 'head' | 'watch'>,
): PartsPublisher {
  return new PartsPublisher({
    bus: parts.bus,
    clock: parts.clock,
    episodes: parts.episodes,
    key: {
      chatId: head.id,
      historyVersion: head.historyVersion,
      generationAttempt: head.generationAttempt,
    },
    onPublished: (count) => parts.metrics.partsPublished(count),
    onRefusal: (error) =>
      parts.logger.warn({ err: error, chat_id: head.id, turn: watch.turn }, 'Parts were not published'),
  });
}

/** What the step has brought so far, as it is stored. Empty when the model said nothing. */
function answerOf(parts: TurnParts, { order, model, step, call }: Step): Partial {
  const { head } = order;
  const content = step.partial();
  const message: NewMessage = {
    role: 'assistant',
    content,
    modelConfigId: model.modelConfigId,
    reasoningEffort: head.lastReasoningEffort,
    contextLimit: model.contextLimit,
    runtimeMs: Math.max(0, Math.round(parts.clock.now() - order.startedAt)),
    ...call.asMessage(),
  };
  return {
    historyVersion: head.historyVersion,
    messages: content.length > 0 || step.finishReason !== undefined ? [message] : [],
    openCalls: openCallsOf(content, parts.tools, head),
  };
}

/** The answer of a call that is recorded by itself. */
function unpaid(answer: Partial): Partial {
  return { ...answer, messages: answer.messages.map(withoutCall) };
}

type Answer = {
  readonly messages: readonly NewMessage[];
  readonly openCalls: readonly OpenCall[];
  /** The call that made it; none when the history was complete already. */
  readonly call?: ModelCall;
};

/**
 * One statement: the answer, and whether tools run, the client is asked, or the turn is over. An answer that comes too late was
 * paid for all the same, and is recorded.
 */
async function commit(parts: TurnParts, order: TaskOrder, answer: Answer): Promise<TaskOutcome> {
  order.watch.enter('commit');
  const { store, persistence, gate, transcripts, metrics, ledger } = parts;
  const { messages, openCalls, call } = answer;
  const fence = fenceOf(order.head);
  const partial = unpaid({ historyVersion: fence.historyVersion, messages, openCalls });
  const transition = (): Promise<Awaited<ReturnType<typeof finishTurn>>> => {
    if (openCalls.some((open) => !open.dynamic)) return commitStep(store, { fence, messages, openCalls });
    if (openCalls.length > 0) return enterAction(store, { fence, messages, openCalls });
    return finishTurn(store, { fence, messages });
  };
  const record = async (): Promise<void> => call && ledger.record(call, 'interrupted', order.stop);
  const write = (): ReturnType<typeof transition> => persistence.write(transition, order.stop);
  const done = await gate.commit(write).catch(async (error: unknown) => {
    await record();
    // Kept when an interrupt that was not heard yet came first.
    throw new FailedStep(error, partial);
  });
  if (!done.ok) await record();
  if (done.ok) metrics.stepCommitted({ endsTurn: openCalls.length === 0 });
  // Interrupted while the statement was under way: the answer is there in full, and goes with the interruption.
  return outcomeOf(transcripts.followed(order.head, done), partial);
}
