/** Faults of a worker that leave answers as they should be: only what the model was told, or what was run, shows them. */
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import {
  forgetsAnswers,
  forgetsCalls,
  forgetsTheHistory,
  ignoresInterrupts,
  losesPartials,
} from './testing/forgetful-worker';
import { expectNamed, runPlanted } from './testing/planted-run';

jest.setTimeout(90_000);

describe('the oracle', () => {
  let db: TestDatabase;
  beforeEach(async () => (db = await createTestDatabase()));
  afterEach(() => db.drop());

  it('names a worker that forgets the history, though each turn is answered as it should be', async () => {
    const report = await runPlanted(db.url, forgetsTheHistory());
    expectNamed(report, 'prompt_differs');
    expect(Object.keys(report.oracle.by_kind)).toEqual(['prompt_differs']);
    expect(report.oracle.by_kind['prompt_differs']).toBe(6);
    expect(report.oracle.examples[0]?.detail).toMatch(
      /^call \d+ was told of \S+\/1, and not of \S+\/0, \S+\/1$/,
    );
  });

  it('names a worker that forgets what the model answered before', async () => {
    const report = await runPlanted(db.url, forgetsAnswers(), { chats: 1 });
    expect(report.oracle.by_kind).toEqual({ prompt_differs: 2 });
    expect(report.oracle.examples[0]?.detail).toMatch(/was told 0 characters of answers, 120 expected$/);
  });

  it('names a call of a client’s tool that comes again under another id after its result was accepted', async () => {
    const report = await runPlanted(db.url, forgetsCalls(), { mix: { 'tool-heavy': 1 }, chats: 1, turns: 2 });
    expectNamed(report, 'tool_run_twice');
  });

  describe('of turns that a user stops', () => {
    const stopping = { mix: { interrupt: 1 }, chats: 2, turns: 3 };

    it('finds nothing when they are stopped and kept', async () => {
      const report = await runPlanted(db.url, {}, stopping);
      expect(report.oracle).toMatchObject({ is_clean: true, scenario_failures: [] });
    });

    it('names an interrupt that nobody heeded', async () => {
      expectNamed(await runPlanted(db.url, ignoresInterrupts(), stopping), 'interrupt_ignored');
    });

    it('names a beginning that was seen and not kept', async () => {
      expectNamed(await runPlanted(db.url, losesPartials(), stopping), 'partial_lost');
    });
  });
});
