/**
 * The local calls of one answer, from their arguments to their results: each is planned; the journal says which of those that must not
 * run twice may be begun; then all run side by side, and viewers see each result as it comes.
 */
import type { JournalledCall } from '@parley/chat-state';
import type { ToolCallPart, ToolResultPart } from '@parley/contracts';
import type { PartsPublisher } from '../live/parts-publisher';
import { fenceOf, type TaskOrder } from '../tasks';
import { publisherFor, type TurnParts } from '../turn';
import { CallJournal } from './call-journal';
import { LentPlace } from './lent-place';
import { isRunnable, planCalls, unknownOutcome, type PlannedCall, type RunnableCall } from './plan-calls';
import { runCall } from './run-call';
import type { Stragglers } from './stragglers';
import type { TurnContext } from './turn-context';

export interface BatchParts extends Pick<
  TurnParts,
  | 'store'
  | 'bus'
  | 'clock'
  | 'createId'
  | 'episodes'
  | 'logger'
  | 'tools'
  | 'transcripts'
  | 'persistence'
  | 'metrics'
> {
  readonly stragglers: Pick<Stragglers, 'watch'>;
}

export class CallBatch {
  private readonly journal: CallJournal;
  private readonly publisher: PartsPublisher;
  private running = 0;

  constructor(
    private readonly parts: BatchParts,
    private readonly order: TaskOrder,
    private readonly turn: TurnContext,
  ) {
    const { store, persistence, logger, createId } = parts;
    const { head, stop } = order;
    const own = { fence: fenceOf(head), attemptId: createId(), stop };
    this.journal = new CallJournal({ store, persistence, logger, ...own });
    this.publisher = publisherFor(parts, order);
  }

  /** The results that came before a stop, in the order of the calls. Null: the chat is another's by now, and nothing was run. */
  async run(calls: readonly ToolCallPart[]): Promise<ToolResultPart[] | null> {
    try {
      const planned = planCalls(calls, { registry: this.parts.tools, chat: this.order.head });
      const known = await this.journal.start(planned.filter(isRunnable));
      return known === null ? null : await this.runPlanned(planned, known);
    } finally {
      await this.journal.settled();
      await this.publisher.close();
    }
  }

  private async runPlanned(
    planned: readonly PlannedCall[],
    known: readonly JournalledCall[],
  ): Promise<ToolResultPart[]> {
    const states = new Map(planned.filter(isRunnable).map((call, index) => [call, known[index]]));
    this.running = known.filter(({ state }) => state === 'started').length;
    const place = new LentPlace(this.order.place, this.running);
    const results = await Promise.all(
      planned.map(async (one) => {
        const result = isRunnable(one) ? await this.answer(one, states.get(one), place) : one.result;
        if (result !== null) this.publisher.push({ role: 'tool', part: result });
        return result;
      }),
    );
    return results.filter((result) => result !== null);
  }

  private async answer(
    planned: RunnableCall,
    known: JournalledCall | undefined,
    place: LentPlace,
  ): Promise<ToolResultPart | null> {
    switch (known?.state) {
      case 'finished':
        return known.result;
      case 'started':
        return this.runOne(planned, place);
      case 'unknown':
      case undefined:
        return unknownOutcome(planned.call);
    }
  }

  private async runOne(planned: RunnableCall, place: LentPlace): Promise<ToolResultPart | null> {
    const { head, signal } = this.order;
    const toolCallId = planned.call.tool_call_id;
    const context = {
      turn: this.turn,
      toolCallId,
      callKey: `${head.id}:${head.historyVersion}:${toolCallId}`,
      signal,
      waitingFor: <T>(wait: () => Promise<T>) => place.whileWaiting(wait),
    };
    if (!signal.aborted) this.parts.metrics.toolBegun();
    const result = await runCall(planned, context, this.parts);
    this.running -= 1;
    place.callEnded();
    if (result === null) return null;
    const dated = { ...result, created_at: new Date(this.parts.clock.now()).toISOString() };
    // The commit of all results follows on the last one, and stands for its journal.
    if (this.running > 0) this.journal.end(dated);
    return dated;
  }
}
