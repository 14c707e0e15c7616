import { periodAt } from './period';

const at = (iso: string) => Date.parse(iso);
const iso = ({ start, end }: { start: Date; end: Date }) => [start.toISOString(), end.toISOString()];

describe('periods', () => {
  test('a day goes from midnight to midnight, UTC', () => {
    const day = ['2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'];
    expect(iso(periodAt('day', at('2026-03-01T00:00:00Z')))).toEqual(day);
    expect(iso(periodAt('day', at('2026-03-01T23:59:59.999Z')))).toEqual(day);
  });

  test('a week begins on Monday, also when that is in another month or year', () => {
    const week = ['2025-12-29T00:00:00.000Z', '2026-01-05T00:00:00.000Z'];
    expect(iso(periodAt('week', at('2025-12-29T00:00:00Z')))).toEqual(week);
    expect(iso(periodAt('week', at('2026-01-01T12:00:00Z')))).toEqual(week);
    expect(iso(periodAt('week', at('2026-01-04T23:59:59Z')))).toEqual(week);
  });

  test('a month has the days that it has', () => {
    expect(iso(periodAt('month', at('2028-02-29T10:00:00Z')))).toEqual([
      '2028-02-01T00:00:00.000Z',
      '2028-03-01T00:00:00.000Z',
    ]);
    expect(iso(periodAt('month', at('2026-12-31T23:59:59Z')))).toEqual([
      '2026-12-01T00:00:00.000Z',
      '2027-01-01T00:00:00.000Z',
    ]);
  });
});
