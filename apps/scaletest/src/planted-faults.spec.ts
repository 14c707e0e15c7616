/** The oracle bites: with a fault planted in the platform or on its wires, a run fails and names the fault; without one it passes. */
import type { StreamEvent, StreamToolCall } from '@parley/contracts';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import type { LoadPlan } from './load/load-plan';
import { Progress } from './report/progress';
import type { LoadReport } from './report/schema';
import { Scaletest, type ScaletestOptions } from './scaletest';
import { type PlantedFaults, type Query, startPlatform } from './testing/platform';
import { verdictOf } from './verdict';

const LOAD: LoadPlan = {
  name: 'planted',
  chats: 3,
  turns: 3,
  shape: { chunks: 12, chunkSize: 10, chunkMs: 15, firstByteMs: 0 },
  mix: { plain: 1 },
  users: 1,
  hasBarrier: false,
  barrierDelayMs: 0,
  turnTimeoutMs: 10_000,
  isBudgeted: false,
};

jest.setTimeout(90_000);

describe('the oracle', () => {
  let db: TestDatabase;
  beforeEach(async () => (db = await createTestDatabase()));
  afterEach(() => db.drop());

  async function run(
    faults: PlantedFaults & { meddle?: ScaletestOptions['meddle'] },
    change: Partial<LoadPlan> = {},
  ): Promise<LoadReport> {
    const target = await startPlatform(db.url, faults);
    const test = new Scaletest({
      target,
      seed: 'planted',
      signal: new AbortController().signal,
      progress: new Progress(process.stderr),
      budget: null,
      cleansUp: false,
      ...(faults.meddle === undefined ? {} : { meddle: faults.meddle }),
    });
    try {
      await test.prepare(1);
      return await test.run({ ...LOAD, ...change }, 1);
    } finally {
      await test.close();
      await target.stop();
    }
  }

  const expectNamed = (report: LoadReport, kind: string): void => {
    expect(Object.keys(report.oracle.by_kind)).toContain(kind);
    const { verdict, reasons } = verdictOf([report], false);
    expect(verdict).toBe('failed');
    expect(reasons.join('\n')).toContain(kind);
  };

  it('finds nothing where nothing is planted, tools included', async () => {
    const report = await run({}, { mix: { plain: 1, 'tool-heavy': 1 }, chats: 4 });
    expect(report.oracle).toMatchObject({ by_kind: {}, is_clean: true, has_ledger: true, chats_checked: 4 });
    expect(report.turns).toBe(12);
  });

  it('names a part that was dropped', async () => {
    const meddle = once(
      (event) => event.type === 'message_part' && event.message_part.seq === 2,
      () => [],
    );
    expectNamed(await run({ meddle }), 'part_hole');
  });

  it('names a message that was repeated', async () => {
    const meddle = once(
      (event) => event.type === 'message' && event.message.role === 'assistant',
      (event) => [event, event],
    );
    expectNamed(await run({ meddle }), 'message_repeated');
  });

  it('names what a worker wrote whose fence was skipped', async () => {
    let isPlanted = false;
    const query = (real: Query): Query =>
      async function finishTwice(statement, values) {
        const rows = await real(statement, values);
        if (statement.name === 'finish_turn' && !isPlanted) {
          isPlanted = true;
          const text = withoutFence(statement.text);
          expect(text).not.toBe(statement.text);
          await real({ name: 'finish_turn_without_its_fence', text }, values);
        }
        return rows as never;
      };
    expectNamed(await run({ query }), 'answer_doubled');
  });

  it('names a chat whose wake-up and sweep were lost, with the last event seen', async () => {
    const letsPass = (subject: string): boolean =>
      subject !== 'chat.ready' && !/^worker\..*\.wake$/.test(subject);
    const report = await run({ letsPass, sweepMs: 60_000 }, { turnTimeoutMs: 1_500 });
    expectNamed(report, 'hang');
    expect(report.oracle.examples[0]?.detail).toMatch(
      /not ended after \d+ s; last event: \w+; status: running/,
    );
  });

  it('names a tool that was run twice', async () => {
    const asked: StreamToolCall[] = [];
    const meddle = (event: StreamEvent): StreamEvent[] => {
      if (event.type !== 'action_required') return [event];
      const calls = event.action_required.tool_calls;
      asked.push(...calls);
      const [first] = asked;
      // The third step asks for the first step's call again, whose result was accepted long ago.
      if (first === undefined || asked.length < 4) return [event];
      return [{ ...event, action_required: { tool_calls: [...calls, { ...first, tool_call_id: 'again' }] } }];
    };
    expectNamed(
      await run({ meddle }, { mix: { 'tool-heavy': 1 }, chats: 1, turnTimeoutMs: 3_000 }),
      'tool_run_twice',
    );
  });

  it('names a committed text that is not what was streamed', async () => {
    let finished = 0;
    const query = (real: Query): Query =>
      function commitAnother(statement, values) {
        if (statement.name === 'finish_turn') finished += 1;
        // A first turn may end before anybody watches; later ones are watched from their start.
        return real(statement, finished > LOAD.chats ? values.map(spoilText) : values);
      };
    const report = await run({ query });
    expectNamed(report, 'text_differs');
    expectNamed(report, 'wrong_text');
  });
});

/** Replaces the first event that fits. */
function once(
  fits: (event: StreamEvent) => boolean,
  replace: (event: StreamEvent) => StreamEvent[],
): (event: StreamEvent) => StreamEvent[] {
  let isPlanted = false;
  return (event) => {
    if (isPlanted || !fits(event)) return [event];
    isPlanted = true;
    return replace(event);
  };
}

function spoilText(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/("text": ?")[a-z]/, '$1#');
  return Array.isArray(value) ? value.map(spoilText) : value;
}

/** The statement of a worker that does not care whether it still owns the chat. */
function withoutFence(text: string): string {
  return text.replace(
    /from l where ([^]*?)\n\),\nw as/,
    (_, fence: string) => `from l where true or (${fence})\n),\nw as`,
  );
}
