import { loadRuns } from './report/repeats';
import type { LoadReport } from './report/schema';
import { sampleLoad } from './testing/sample-report';
import { verdictOf } from './verdict';

/** Of loads that were run once. */
const judge = (loads: readonly LoadReport[], wasAborted: boolean) =>
  verdictOf(
    loads.map((load) => loadRuns([load])),
    wasAborted,
  );

const voidGenerator = { ...sampleLoad().generator, void_because: 'too slow' };

const chaos = {
  fault: 'kill-worker',
  what: '',
  failure: 'no such worker',
  mended_after_ms: 0,
  turns_in_flight: 2,
  recovered_after_ms: 0,
  steady_after_ms: 0,
  longest_silence_ms: 0,
  blows: [{ what: 'kill chat-worker 0', at_s: 1, lasted_ms: 0 }],
  lost: null,
  recoveries: null,
  bus_messages: null,
};

describe('the verdict', () => {
  it('is passed when nothing is wrong, void when the generator was too slow, aborted when it was stopped', () => {
    expect(judge([sampleLoad()], false)).toEqual({ verdict: 'passed', reasons: [] });
    expect(judge([sampleLoad({ generator: voidGenerator })], false).verdict).toBe('void');
    expect(judge([sampleLoad()], true).verdict).toBe('aborted');
  });

  it('is failed by a finding, a scenario, an exceeded budget and a fault that could not be carried out, whatever else', () => {
    const { oracle } = sampleLoad();
    const budget = { is_kept: false, lines: [{ what: 'statements', budget: 2, measured: 3 }] };
    const failing = [
      sampleLoad({ oracle: { ...oracle, is_clean: false, findings: 1, by_kind: { hang: 1 } } }),
      sampleLoad({ oracle: { ...oracle, is_clean: false, scenario_failures: ['edit: 409'] } }),
      sampleLoad({ budget }),
      sampleLoad({ chaos }),
      sampleLoad({ turns: 0 }),
      sampleLoad({
        generator: { ...sampleLoad().generator, cpu_ms_per_turn: 1.6, max_cpu_ms_per_turn: 1.5 },
      }),
    ];
    for (const load of failing) {
      const { verdict, reasons } = judge([sampleLoad(), load], true);
      expect(verdict).toBe('failed');
      expect(reasons).toHaveLength(1);
    }
  });

  it('is failed by a recovery that took too long, never came, or was not watched', () => {
    const recoveries = {
      max_allowed_ms: 10_000,
      p50_ms: 6_000,
      max_ms: 9_900,
      never: 0,
      unwatched: new Array<string>(),
      kills: [{ at_s: 1, chats: 2, recovered_after_ms: 9_900 }],
    };
    const judged = (change: Partial<typeof recoveries>) =>
      judge(
        [sampleLoad({ chaos: { ...chaos, failure: null, recoveries: { ...recoveries, ...change } } })],
        false,
      );
    expect(judged({}).verdict).toBe('passed');
    expect(judged({ max_ms: 10_001 }).reasons).toEqual([
      'plain: the worst recovery of a kill took 10001 ms, at most 10000 may pass',
    ]);
    expect(judged({ never: 1 }).reasons).toEqual([
      'plain: after 1 of 1 kills a chat was never worked on again',
    ]);
    expect(judged({ unwatched: ['it was not up'] }).reasons).toEqual([
      'plain: the recovery of 1 kills is not known: it was not up',
    ]);
  });

  it('is on every repetition, though the median one is reported', () => {
    const { oracle, generator } = sampleLoad();
    const median = sampleLoad({ turns_per_s: 20 });
    const best = sampleLoad({ turns_per_s: 30 });
    const judged = (worst: Partial<LoadReport>) =>
      verdictOf([loadRuns([best, sampleLoad({ turns_per_s: 10, ...worst }), median])], false);
    expect(judged({})).toEqual({ verdict: 'passed', reasons: [] });
    expect(judged({ generator: voidGenerator })).toEqual({
      verdict: 'void',
      reasons: ['plain, run 2 of 3: too slow'],
    });
    expect(judged({ oracle: { ...oracle, has_ledger: false } }).reasons).toEqual([
      "plain, run 2 of 3: the mock's ledger could not be read",
    ]);
    const budget = { is_kept: false, lines: [{ what: 'statements', budget: 2, measured: 3 }] };
    expect(judged({ budget }).reasons).toEqual(['plain, run 2 of 3: statements: 3, budget 2']);
    expect(judged({ oracle: { ...oracle, is_clean: false, by_kind: { hang: 1 } } }).verdict).toBe('failed');
    // The cost of the generator is limited in the run whose figures are reported.
    const costly = { ...generator, cpu_ms_per_turn: 1.6, max_cpu_ms_per_turn: 1.5 };
    expect(judged({ generator: costly }).verdict).toBe('passed');
    expect(verdictOf([loadRuns([{ ...median, generator: costly }, best, best])], false).verdict).toBe(
      'passed',
    );
    expect(verdictOf([loadRuns([{ ...best, generator: costly }, median, best])], false).reasons).toEqual([
      'plain: the generator cost 1.6 ms of CPU a turn, at most 1.5 may be its share',
    ]);
  });

  it('is failed by a fault that did nothing and a limit that was never met, unless the load was stopped', () => {
    const { calls } = sampleLoad();
    const idle = sampleLoad({ chaos: { ...chaos, fault: 'pause-relay', failure: null, turns_in_flight: 0 } });
    expect(judge([idle], false).reasons).toEqual([
      'plain: the fault had no effect: no turn was in flight when it struck',
    ]);
    expect(judge([idle], true).verdict).toBe('aborted');
    const unlimited = sampleLoad({ calls: { ...calls, must_be_limited: true } });
    expect(judge([unlimited], false).reasons).toEqual(['plain: no call met the rate limit']);
    expect(judge([unlimited], true).verdict).toBe('aborted');
    const limited = sampleLoad({ calls: { ...calls, must_be_limited: true, rate_limited: 1 } });
    expect(judge([limited], false).verdict).toBe('passed');
  });
});
