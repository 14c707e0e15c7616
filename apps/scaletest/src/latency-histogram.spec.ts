import { LatencyHistogram } from './latency-histogram';

describe('LatencyHistogram', () => {
  it('resolves a tenth of a millisecond and a minute in the same histogram', () => {
    const histogram = new LatencyHistogram();
    for (let index = 0; index < 99; index += 1) histogram.record(0.1);
    histogram.record(61_000);
    expect(histogram.percentile(50)).toBe(0.1);
    expect(histogram.percentile(100)).toBeGreaterThanOrEqual(61_000);
    expect(histogram.percentile(100)).toBeLessThan(61_100);
  });

  it('has no summary while empty, and counts a negative duration as zero', () => {
    const histogram = new LatencyHistogram();
    expect(histogram.summary()).toBeNull();
    histogram.record(-3);
    expect(histogram.summary()).toMatchObject({ count: 1, p50: 0, max: 0 });
  });
});
