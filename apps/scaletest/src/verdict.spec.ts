import { sampleLoad } from './testing/sample-report';
import { verdictOf } from './verdict';

const voidGenerator = { ...sampleLoad().generator, void_because: 'too slow' };

describe('the verdict', () => {
  it('is passed when nothing is wrong, void when the generator was too slow, aborted when it was stopped', () => {
    expect(verdictOf([sampleLoad()], false)).toEqual({ verdict: 'passed', reasons: [] });
    expect(verdictOf([sampleLoad({ generator: voidGenerator })], false).verdict).toBe('void');
    expect(verdictOf([sampleLoad()], true).verdict).toBe('aborted');
  });

  it('is failed by a finding, a scenario, an exceeded budget and a fault that could not be carried out, whatever else', () => {
    const { oracle } = sampleLoad();
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
      bus_messages: null,
    };
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
});
