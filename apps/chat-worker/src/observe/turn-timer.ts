/**
 * The clock of one turn: at every moment it is in exactly one stage, so the stages sum to the turn by construction, and forgetting to
 * enter one shows as `unattributed`. Of a traced turn each stage is a span under the turn's own.
 */
import type { Span, SpanAttributes, Tracer } from '@parley/service';
import { TURN_STAGES, type EndedTurn, type TurnOutcome, type TurnStage } from './turn-stages';

export interface TurnTimerOptions {
  readonly tracer: Tracer;
  /** Milliseconds since the epoch, with fractions, on a clock that never goes back. */
  readonly now: () => number;
  /** When the message that began the turn was committed, on the database's clock: one in the future counts as now. */
  readonly since: number;
  readonly parent: string | undefined;
  readonly attributes: () => SpanAttributes;
}

export class TurnTimer {
  readonly span: Span | null;
  private readonly since: number;
  private readonly spentMs = Object.fromEntries(TURN_STAGES.map((stage) => [stage, 0])) as Record<
    TurnStage,
    number
  >;
  private stage: TurnStage = 'queue_wait';
  private stageSpan: Span | null = null;
  private enteredAt: number;
  private hasFirstToken = false;

  constructor(private readonly options: TurnTimerOptions) {
    const { tracer, now, since, parent = null, attributes } = options;
    const startedAt = Math.min(since, now());
    this.since = startedAt;
    this.enteredAt = startedAt;
    this.span = tracer.isOn
      ? tracer.start('turn', { parent, startedAt, kind: 'consumer', attributes: attributes() })
      : null;
    this.openSpan('queue_wait', startedAt);
    this.enter('unattributed');
  }

  enter(stage: TurnStage): void {
    if (stage === this.stage) return;
    const at = this.settle();
    this.stage = stage;
    this.openSpan(stage, at);
  }

  /** Milliseconds since the message was committed; null but for the first part of the turn. */
  firstToken(): number | null {
    if (this.hasFirstToken) return null;
    this.hasFirstToken = true;
    return Math.max(0, this.options.now() - this.since);
  }

  end(outcome: TurnOutcome): EndedTurn {
    const at = this.settle();
    this.span?.set({
      'parley.outcome': outcome,
      'parley.total_ms': at - this.since,
      'parley.unattributed_ms': this.spentMs.unattributed,
    });
    this.span?.end(at);
    return { outcome, totalMs: at - this.since, stageMs: this.spentMs };
  }

  /** Ends the present stage. Returns when that was. */
  private settle(): number {
    const at = Math.max(this.enteredAt, this.options.now());
    this.spentMs[this.stage] += at - this.enteredAt;
    this.enteredAt = at;
    this.stageSpan?.end(at);
    this.stageSpan = null;
    return at;
  }

  private openSpan(stage: TurnStage, startedAt: number): void {
    if (this.span === null || stage === 'unattributed') return;
    const parent = this.span.traceparent;
    const attributes = { 'parley.stage': stage };
    this.stageSpan = this.options.tracer.start(stage, { parent, startedAt, attributes });
  }
}
