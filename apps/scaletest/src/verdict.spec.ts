import { sampleLoad } from './testing/sample-report';
import { verdictOf } from './verdict';

const voidGenerator = { ...sampleLoad().generator, void_because: 'too slow' };

const chaos = {
  fault: 'kill-worker',
  what: '',
  failure: 'no such worker',
  mended_after_ms: 0,
  turns_in_flight: 0,
  recovered_after_ms: 0,
  steady_after_ms: 0,
  longest_silence_ms: 0,
  blows: [],
  lost: null,
  recoveries: null,
  bus_messages: null,
};

describe('the verdict', () => {
  it('is passed when nothing is wrong, void when the generator was too slow, aborted when it was stopped', () => {
    expect(verdictOf([sampleLoad()], false)).toEqual({ verdict: 'passed', reasons: [] });
    expect(verdictOf([sampleLoad({ generator: voidGenerator })], false).verdict).toBe('void');
    expect(verdictOf([sampleLoad()], true).verdict).toBe('aborted');
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
      const { verdict, reasons } = verdictOf([sampleLoad(), load], true);
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
      verdictOf(
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
});
