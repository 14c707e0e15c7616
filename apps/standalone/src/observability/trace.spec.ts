import { setTimeout as delay } from 'node:timers/promises';
import { openStream } from '@parley/client';
import { formatControlBlock } from '@parley/llmmock';
import type { RecordedSpan } from '@parley/service';
import { ObservedSystem } from './testing/observed-system';

const SECRET_QUESTION = 'the-owl-flies-at-midnight';
const SECRET_ANSWER = 'the-fox-sleeps-at-noon';
const STAGES = [
  'queue_wait',
  'transcript',
  'prompt',
  'model_first_token',
  'retry_backoff',
  'stream',
  'tools',
  'commit',
];

let system: ObservedSystem;
let spans: RecordedSpan[];

/** One chat, watched; its second turn fails once at the provider, calls a tool, and answers. */
beforeAll(async () => {
  system = await ObservedSystem.start();
  const { client, organizationId } = system;
  const stopping = new AbortController();
  const chat = await client.createChat({ organizationId, content: formatControlBlock({ reply: 'hello' }) });
  const turns = countTurns(openStream(client, { chatId: chat.id, signal: stopping.signal }));
  await turns.next();
  const question = formatControlBlock({
    key: 'observed',
    reply: SECRET_ANSWER,
    tool_calls: [[{ name: 'clock', arguments: {} }]],
    fault: { kind: 'status', status: 529, first_attempts: 1 },
  });
  await client.sendMessage(chat.id, { content: `${SECRET_QUESTION} ${question}` });
  await turns.next();
  stopping.abort();
  await turns.return(undefined);
  // What the relay does for its viewers ends in the same turn of the event loop as the bus brings it.
  await delay(0);
  spans = await system.endTraces();
}, 60_000);

afterAll(() => system.stop());

/** Yields each time the watched chat has come to rest with an answer. */
async function* countTurns(events: ReturnType<typeof openStream>): AsyncGenerator<void> {
  let answers = 0;
  let reported = 0;
  for await (const event of events) {
    const isAnswer = event.type === 'message' && event.message.role === 'assistant';
    if (isAnswer && event.message.content.some((part) => part.type === 'text')) answers += 1;
    if (event.type === 'error') throw new Error(JSON.stringify(event.error));
    const isAtRest = event.type === 'status' && event.status.status === 'waiting';
    if (isAtRest && answers > reported) {
      reported = answers;
      yield;
    }
  }
}

const traceOf = (root: string): RecordedSpan[] => {
  const { traceId } = spans.find(({ name }) => name === root) ?? {};
  return spans.filter((span) => span.traceId === traceId);
};
const one = (from: readonly RecordedSpan[], wanted: string): RecordedSpan => {
  const found = from.find(({ name }) => name === wanted);
  if (found === undefined)
    throw new Error(`no span "${wanted}" among ${from.map(({ name }) => name).join(', ')}`);
  return found;
};

describe('A trace', () => {
  it('shows a turn from the request through the wake, the steps and their commits to the viewers', () => {
    const trace = traceOf('POST /api/v2/chats/:chat/messages');
    const by = (service: string): string[] =>
      trace.filter((span) => span.service === `parley-${service}`).map(({ name }) => name);
    expect(by('gateway')).toEqual(
      expect.arrayContaining(['sql send', 'publish chat.*.changed', 'publish worker.*.wake']),
    );
    expect(by('chat-worker')).toEqual(
      expect.arrayContaining([
        'receive worker.*.wake',
        'turn',
        ...STAGES,
        'sql record_retry',
        'sql commit_step',
        'sql finish_turn',
        'publish chat.*.changed',
        'publish chat.*.parts',
      ]),
    );
    expect(by('stream-relay')).toEqual(
      expect.arrayContaining(['receive chat.*.changed', 'receive chat.*.parts']),
    );
  });

  it('shows how a new chat is acquired', () => {
    const trace = traceOf('POST /api/v2/chats');
    const received = one(trace, 'receive chat.ready');
    expect(one(trace, 'sql acquire').parentSpanId).toBe(received.spanId);
    expect(one(trace, 'turn').parentSpanId).toBe(received.spanId);
  });

  it('hangs together: but for its root, every span has its parent in it', () => {
    for (const root of ['POST /api/v2/chats', 'POST /api/v2/chats/:chat/messages']) {
      const trace = traceOf(root);
      const ids = new Set(trace.map(({ spanId }) => spanId));
      const orphans = trace.filter(
        ({ parentSpanId }) => parentSpanId === undefined || !ids.has(parentSpanId),
      );
      expect(orphans.map(({ name }) => name)).toEqual([root]);
    }
  });

  it('splits the turn into stages that exclude one another and sum to it', () => {
    const trace = traceOf('POST /api/v2/chats/:chat/messages');
    const turn = one(trace, 'turn');
    const stages = trace
      .filter((span) => span.parentSpanId === turn.spanId && span.attributes.has('parley.stage'))
      .sort((a, b) => a.startMs - b.startMs);
    expect(new Set(stages.map(({ name }) => name))).toEqual(new Set(STAGES));
    for (const [index, stage] of stages.entries())
      expect(stage.startMs).toBeGreaterThanOrEqual((stages[index - 1]?.endMs ?? turn.startMs) - 0.01);
    const claimedMs = stages.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    const unattributedMs = Number(turn.attributes.get('parley.unattributed_ms'));
    const turnMs = turn.endMs - turn.startMs;
    expect(claimedMs + unattributedMs).toBeCloseTo(turnMs, 1);
    expect(unattributedMs).toBeLessThan(turnMs * 0.1);
  });

  it('begins when the message was sent, and ends after its last commit', () => {
    const trace = traceOf('POST /api/v2/chats/:chat/messages');
    const turn = one(trace, 'turn');
    // Postgres' clock and the process' are the same here, but for the millisecond that timestamps are cut to.
    expect(turn.startMs).toBeGreaterThanOrEqual(one(trace, 'sql send').startMs - 1.5);
    expect(turn.startMs).toBeLessThanOrEqual(one(trace, 'sql send').endMs);
    expect(turn.endMs).toBeGreaterThanOrEqual(one(trace, 'sql finish_turn').endMs);
  });
});

describe('What is recorded', () => {
  it('holds nothing of what was said, in traces and in logs down to debug', async () => {
    const traces = await system.rawTraces();
    const logs = system.logs.join('');
    expect(logs).toContain('A turn ended');
    for (const secret of [SECRET_QUESTION, SECRET_ANSWER]) {
      expect(traces).not.toContain(secret);
      expect(logs).not.toContain(secret);
    }
  });

  it('tells of each turn its chat, its outcome and its stages', () => {
    const ended = system.logs
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ msg }) => msg === 'A turn ended');
    expect(ended).toHaveLength(2);
    for (const line of ended)
      expect(line).toMatchObject({
        name: 'chat-worker',
        level: 'debug',
        chat_id: expect.any(String) as string,
        outcome: 'finished',
        stage_ms: { commit: expect.any(Number) as number },
      });
  });
});
