/** The trace of a turn across real processes over NATS. Runs the built services, as operators do. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { traceOneTurn, type TurnTrace } from '@parley/scaletest';
import { ensureBuilt } from './testing/built';

describe('a turn through a gateway, a worker and a relay', () => {
  let trace: TurnTrace;

  beforeAll(async () => {
    ensureBuilt();
    const directory = await mkdtemp(join(tmpdir(), 'parley-trace-'));
    try {
      trace = await traceOneTurn({
        file: join(directory, 'trace.jsonl'),
        size: { gateways: 1, workers: 1, relays: 1 },
        logDirectory: directory,
      });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }, 300_000);

  const namesOf = (service: string): string[] =>
    trace.spans.filter(({ span }) => span.service === service).map(({ span }) => span.name);

  it('shows every stage in the process that it was in', () => {
    expect(namesOf('parley-gateway')).toEqual(
      expect.arrayContaining([
        'POST /api/v2/chats/:chat/messages',
        'sql send',
        'publish chat.*.changed',
        'publish worker.*.wake',
      ]),
    );
    expect(namesOf('parley-chat-worker')).toEqual(
      expect.arrayContaining([
        'receive worker.*.wake',
        'turn',
        'queue_wait',
        'prompt',
        'model_first_token',
        'stream',
        'commit',
        'publish chat.*.parts',
        'sql finish_turn',
        'publish chat.*.changed',
      ]),
    );
    expect(namesOf('parley-stream-relay')).toEqual(
      expect.arrayContaining(['receive chat.*.changed', 'receive chat.*.parts']),
    );
  });

  it('is one tree, whose stages sum to the turn', () => {
    expect(trace.spans.filter(({ depth }) => depth === 0)).toHaveLength(1);
    const sum = trace.stages.reduce((total, { ms }) => total + ms, trace.unattributedMs);
    expect(sum).toBeCloseTo(trace.turnMs, 0);
    expect(trace.unattributedMs).toBeLessThan(trace.turnMs / 4);
  });
});
