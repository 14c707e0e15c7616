/**
 * One turn out of a trace file: the spans of all processes that took part, in order of time, and the stages into which the worker split
 * it. The stages exclude one another, and with the unattributed rest they sum to the turn; a trace of which that is not true, or that
 * a process is missing from, is refused. Pure.
 */
import type { RecordedSpan } from '@parley/service';

export interface TraceStage {
  readonly name: string;
  readonly ms: number;
}

export interface TurnTrace {
  readonly traceId: string;
  readonly turnMs: number;
  readonly stages: readonly TraceStage[];
  readonly unattributedMs: number;
  /** Spans with the depth of their ancestry, parents before their children. */
  readonly spans: readonly { readonly span: RecordedSpan; readonly depth: number }[];
}

/** What has to take part in a turn that somebody watches. */
const SERVICES = ['parley-gateway', 'parley-chat-worker', 'parley-stream-relay'];
/** Spans are written in nanoseconds, the rest in milliseconds with three digits. */
const MAX_ERROR_MS = 0.1;

/** @throws Error saying what the trace lacks */
export function turnTraceOf(all: readonly RecordedSpan[], traceId: string): TurnTrace {
  const spans = all.filter((span) => span.traceId === traceId);
  const present = new Set(spans.map(({ service }) => service));
  const missing = SERVICES.filter((service) => !present.has(service));
  if (missing.length > 0) throw new Error(`The trace has no span of ${missing.join(', ')}`);
  const turn = spans.find(({ name }) => name === 'turn');
  if (turn === undefined) throw new Error('The trace has no turn');
  const stages = new Map<string, number>();
  for (const { parentSpanId, attributes, name, startMs, endMs } of spans) {
    if (parentSpanId !== turn.spanId || !attributes.has('parley.stage')) continue;
    stages.set(name, (stages.get(name) ?? 0) + endMs - startMs);
  }
  const turnMs = turn.endMs - turn.startMs;
  const unattributedMs = Number(turn.attributes.get('parley.unattributed_ms') ?? Number.NaN);
  const claimedMs = [...stages.values()].reduce((sum, ms) => sum + ms, unattributedMs);
  if (!(Math.abs(claimedMs - turnMs) <= MAX_ERROR_MS))
    throw new Error(`The stages sum to ${claimedMs.toFixed(3)} ms, the turn took ${turnMs.toFixed(3)} ms`);
  return {
    traceId,
    turnMs,
    stages: [...stages].map(([name, ms]) => ({ name, ms })),
    unattributedMs,
    spans: inOrder(spans),
  };
}

function inOrder(spans: readonly RecordedSpan[]): TurnTrace['spans'] {
  const ids = new Set(spans.map(({ spanId }) => spanId));
  const byParent = new Map<string, RecordedSpan[]>();
  for (const span of [...spans].sort((left, right) => left.startMs - right.startMs)) {
    const parent = span.parentSpanId !== undefined && ids.has(span.parentSpanId) ? span.parentSpanId : '';
    byParent.set(parent, [...(byParent.get(parent) ?? []), span]);
  }
  const below = (parent: string, depth: number): { span: RecordedSpan; depth: number }[] =>
    (byParent.get(parent) ?? []).flatMap((span) => [{ span, depth }, ...below(span.spanId, depth + 1)]);
  return below('', 0);
}

/** The trace for a terminal: a line a span, then the stages. */
export function traceText({ spans, stages, turnMs, unattributedMs, traceId }: TurnTrace): string {
  const begin = Math.min(...spans.map(({ span }) => span.startMs));
  const ms = (value: number): string => value.toFixed(2).padStart(9);
  const lines = spans.map(
    ({ span, depth }) =>
      `${ms(span.startMs - begin)} ${ms(span.endMs - span.startMs)}  ${span.service.replace('parley-', '').padEnd(13)} ${'  '.repeat(depth)}${span.name}`,
  );
  const shares = [...stages, { name: 'unattributed', ms: unattributedMs }].map(
    (stage) => `${ms(stage.ms)}  ${stage.name}`,
  );
  return [
    `Trace ${traceId}: from ms, for ms, in which process`,
    ...lines,
    '',
    'The stages of the turn, in ms:',
    ...shares,
    `${ms(turnMs)}  the turn`,
    '',
  ].join('\n');
}
