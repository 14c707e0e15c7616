import type { RecordedSpan } from '@parley/service';
import { traceText, turnTraceOf } from './turn-trace';

const span = (spanId: string, change: Partial<RecordedSpan>): RecordedSpan => ({
  service: 'parley-chat-worker',
  traceId: 't',
  spanId,
  parentSpanId: undefined,
  name: spanId,
  startMs: 0,
  endMs: 0,
  attributes: new Map(),
  ...change,
});
const stage = (name: string, startMs: number, endMs: number): RecordedSpan =>
  span(name, { parentSpanId: 'turn', startMs, endMs, attributes: new Map([['parley.stage', name]]) });

const TRACE = [
  span('request', { service: 'parley-gateway', name: 'POST', startMs: 100, endMs: 104 }),
  span('turn', {
    parentSpanId: 'request',
    startMs: 101,
    endMs: 121,
    attributes: new Map([['parley.unattributed_ms', 1.5]]),
  }),
  stage('queue_wait', 101, 103),
  stage('stream', 103, 119.5),
  span('shown', { parentSpanId: 'turn', service: 'parley-stream-relay', startMs: 105, endMs: 105.2 }),
  span('foreign', { traceId: 'other' }),
];

describe('a turn out of a trace', () => {
  it('has the spans of all processes, children below their parents, and stages that sum to it', () => {
    const trace = turnTraceOf(TRACE, 't');
    expect(trace.turnMs).toBe(20);
    expect(trace.stages).toEqual([
      { name: 'queue_wait', ms: 2 },
      { name: 'stream', ms: 16.5 },
    ]);
    expect(trace.spans.map(({ span: { spanId }, depth }) => `${depth} ${spanId}`)).toEqual([
      '0 request',
      '1 turn',
      '2 queue_wait',
      '2 stream',
      '2 shown',
    ]);
    expect(traceText(trace)).toMatch(/20\.00 {2}the turn/);
  });

  it('is refused when a process is missing or the stages do not sum', () => {
    expect(() => turnTraceOf(TRACE.slice(1), 't')).toThrow('no span of parley-gateway');
    expect(() =>
      turnTraceOf(
        TRACE.filter(({ name }) => name !== 'queue_wait'),
        't',
      ),
    ).toThrow('The stages sum to 18.000 ms, the turn took 20.000 ms');
  });
});
