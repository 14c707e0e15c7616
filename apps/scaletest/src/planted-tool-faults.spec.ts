/** Faults of a worker in what it does with tool calls: how often it runs them, and what it stores of them. */
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { lookupTool } from './testing/lookup-tool';
import { expectNamed, runPlanted } from './testing/planted-run';
import { losesResults, spawnsTwice, storesOtherCalls, storesOtherResults } from './testing/tool-faults';

jest.setTimeout(90_000);

describe('the oracle', () => {
  let db: TestDatabase;
  beforeEach(async () => (db = await createTestDatabase()));
  afterEach(() => db.drop());

  const load = { mix: { 'tool-heavy': 1 }, chats: 1, turns: 2 };
  /** One that may be run again as far as the journal goes. */
  const idempotent = (runs: string[]) => {
    const tool = lookupTool(runs);
    return { ...tool, annotations: { ...tool.annotations, isIdempotent: true } };
  };

  it('holds the counters of the workers against the calls that were ordered', async () => {
    const toolRuns: string[] = [];
    const report = await runPlanted(
      db.url,
      { tools: [lookupTool(toolRuns)], toolRuns, isCounted: true },
      load,
    );
    expect(report.oracle.by_kind).toEqual({});
    const counted = report.services.flatMap(({ samples }) => samples);
    expect(counted).toContainEqual({ name: 'parley_tool_calls_total', labels: '', value: 2 * 4 });
  });

  it('names a call that a worker ran twice by the counters of the workers alone', async () => {
    const report = await runPlanted(
      db.url,
      { ...losesResults(), tools: [idempotent([])], toolRuns: [], isCounted: true },
      load,
    );
    expectNamed(report, 'tool_run_twice');
    expect(report.oracle.examples.map(({ detail }) => detail)).toContain(
      'the workers ran tools 9 times, 8 at most were ordered',
    );
  });

  it('names a result that is not what the tool gave', async () => {
    const report = await runPlanted(db.url, { ...storesOtherResults(), tools: [lookupTool([])] }, load);
    expectNamed(report, 'tool_result_differs');
  });

  it('names a call that is not what the model made', async () => {
    const report = await runPlanted(db.url, { ...storesOtherCalls(), tools: [lookupTool([])] }, load);
    expectNamed(report, 'tool_call_differs');
  });

  it('names a subagent that was made twice', async () => {
    const report = await runPlanted(db.url, spawnsTwice(), { mix: { subagents: 1 }, chats: 1, turns: 2 });
    expectNamed(report, 'children_differ');
  });
});
