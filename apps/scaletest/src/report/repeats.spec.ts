import { sampleLoad } from '../testing/sample-report';
import { loadRuns } from './repeats';

const at = (rate: number, change = {}) => sampleLoad({ turns_per_s: rate, ...change });

describe('repetitions of a load', () => {
  it('are reported by the median one, the lower of two, with a line of each', () => {
    const { reported, runs } = loadRuns([at(30), at(10), at(20)]);
    expect(reported).toMatchObject({ turns_per_s: 20, repeats: [30, 10, 20] });
    expect(reported.repeat_runs[1]).toEqual({
      turns_per_s: 10,
      generator_cpu_ms_per_turn: 1,
      void_because: null,
      is_clean: true,
      has_ledger: true,
      is_budget_kept: null,
    });
    expect(runs).toHaveLength(3);
    expect(loadRuns([at(30), at(10)]).reported.turns_per_s).toBe(10);
  });

  it('are reported by the first that found something', () => {
    const { oracle } = sampleLoad();
    const found = at(30, { oracle: { ...oracle, is_clean: false, findings: 1 } });
    expect(loadRuns([at(10), found, at(20)]).reported.turns_per_s).toBe(30);
    expect(() => loadRuns([])).toThrow('No load was run');
  });
});
