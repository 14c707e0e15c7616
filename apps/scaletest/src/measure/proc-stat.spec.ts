import { parseProcStat, readMemory, readProcStat, readTreeMemory, resetPeakMemory } from './proc-stat';

describe('/proc', () => {
  it('is read right for a name with spaces and parentheses', () => {
    const rest = ['S', 7, 1, 1, 0, -1, 0, 0, 0, 0, 0, 120, 30, 4, 6, 20, 0];
    expect(parseProcStat(`42 (a (b) c) ${rest.join(' ')}`)).toEqual({
      parentPid: 7,
      cpuMs: 1500,
      endedChildrenCpuMs: 100,
    });
  });

  it('knows the peak of our memory since it was told to begin', () => {
    expect(resetPeakMemory(process.pid)).toBe(true);
    const { rss = 0, peakRss = 0 } = readMemory(process.pid) ?? {};
    expect(peakRss).toBeGreaterThanOrEqual(rss);
    expect(peakRss).toBeLessThan(rss + 16 * 1024 * 1024);
  });

  it('counts what processes share once', () => {
    const alone = readTreeMemory([process.pid]);
    const { rss = 0 } = readMemory(process.pid) ?? {};
    expect(Math.abs(alone - rss)).toBeLessThan(16 * 1024 * 1024);
    const twice = readTreeMemory([process.pid, process.pid]);
    expect(twice).toBeGreaterThan(alone);
    expect(twice).toBeLessThan(2 * alone);
    expect(readTreeMemory([4_194_999])).toBe(0);
  });

  it('knows our own process, and nothing of one that is not there', () => {
    const stat = readProcStat(process.pid);
    expect(stat?.parentPid).toBe(process.ppid);
    expect(readMemory(process.pid)?.rss).toBeGreaterThan(10 * 1024 * 1024);
    expect(readProcStat(4_194_999)).toBeNull();
    expect(resetPeakMemory(4_194_999)).toBe(false);
  });
});
