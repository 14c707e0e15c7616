import { judgeGenerator } from './generator-health';

const idle = { cpuMs: 100, cpuShare: 0.1, loopDelayP50Ms: 0, loopDelayP99Ms: 2, loopDelayMaxMs: 9 };

describe('the health of the generator', () => {
  it('voids a run in which it had no processor left, or came too late to read', () => {
    expect(judgeGenerator(idle).voidBecause).toBeNull();
    expect(judgeGenerator({ ...idle, cpuShare: 0.95 }).voidBecause).toMatch('used 95 % of a processor');
    expect(judgeGenerator({ ...idle, loopDelayP99Ms: 240 }).voidBecause).toMatch('was 240 ms late at p99');
  });
});
