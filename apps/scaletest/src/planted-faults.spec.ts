/**
 * The oracle bites: with a fault planted in the platform, in what its services are started with, a run fails and names the fault;
 * without one it passes. The faults themselves are in `testing/faults.ts`.
 */
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import type { LoadPlan } from './load/load-plan';
import type { LoadReport } from './report/schema';
import { commitsAnotherText, commitsTwice, dropsAPart, skipsAFence } from './testing/faults';
import { lookupTool, runTwice } from './testing/lookup-tool';
import { expectNamed, PLANTED_LOAD, runPlanted } from './testing/planted-run';
import type { PlantedFaults } from './testing/platform';

jest.setTimeout(90_000);

describe('the oracle', () => {
  let db: TestDatabase;
  beforeEach(async () => (db = await createTestDatabase()));
  afterEach(() => db.drop());

  const run = (faults: PlantedFaults, change: Partial<LoadPlan> = {}): Promise<LoadReport> =>
    runPlanted(db.url, faults, change);

  it("finds nothing where nothing is planted, the client's tools included", async () => {
    const report = await run({}, { mix: { plain: 1, 'tool-heavy': 1 }, chats: 4 });
    expect(report.oracle).toMatchObject({ by_kind: {}, is_clean: true, has_ledger: true, chats_checked: 4 });
    expect(report.turns).toBe(12);
  });

  it('names a part that was dropped before it had its number', async () => {
    expectNamed(await run(dropsAPart()), 'part_lost');
  });

  it('names a message that was repeated', async () => {
    expectNamed(await run(commitsTwice()), 'answer_doubled');
  });

  describe('with a worker that is taken for dead and commits when it is back', () => {
    const late = { chats: 1, turns: 2 };

    it('names what it wrote when its fence is skipped', async () => {
      expectNamed(await run(skipsAFence({ isFenced: false }), late), 'answer_misplaced');
    });

    it('finds a fence that holds: nothing but that the model was asked again', async () => {
      const report = await run(skipsAFence({ isFenced: true }), late);
      expect(Object.keys(report.oracle.by_kind)).toEqual(['model_call_doubled']);
    });
  });

  it('names a chat whose wake-up and sweep were lost, with the last event seen', async () => {
    const publish = (subject: string, payload: unknown): unknown[] =>
      subject === 'chat.ready' || /^worker\..*\.wake$/.test(subject) ? [] : [payload];
    const report = await run(
      { publish, workerEnv: { CHAT_SWEEP_MS: '60000' } },
      { turnTimeoutMs: 1_500, shape: { ...PLANTED_LOAD.shape, chunkMs: 15 } },
    );
    expectNamed(report, 'hang');
    expect(report.oracle.examples[0]?.detail).toMatch(
      /not ended after \d+ s; last event: \w+; status: running/,
    );
  });

  describe('with a tool that the worker runs', () => {
    const tools = { mix: { 'tool-heavy': 1 }, chats: 2 };

    it('finds nothing when each call is run once', async () => {
      const toolRuns: string[] = [];
      const report = await run({ tools: [lookupTool(toolRuns)], toolRuns }, tools);
      expect(report.oracle.by_kind).toEqual({});
      expect(toolRuns).toHaveLength(2 * 3 * 4);
    });

    it('names a call that was run twice', async () => {
      const toolRuns: string[] = [];
      const report = await run({ tools: [runTwice(lookupTool(toolRuns))], toolRuns }, tools);
      expectNamed(report, 'tool_run_twice');
    });
  });

  it('names a committed text that is not what was streamed', async () => {
    const report = await run(commitsAnotherText());
    expectNamed(report, 'text_differs');
    expectNamed(report, 'wrong_text');
  });
});
