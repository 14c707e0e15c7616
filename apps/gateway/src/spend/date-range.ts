import type { DateRange } from '@parley/spend';

const DEFAULT_RANGE_MS = 30 * 24 * 60 * 60 * 1000;

/** From a query: by default the 30 days that end now, or where the query says. */
export function toDateRange(
  query: { start_date?: string | undefined; end_date?: string | undefined },
  nowMs: number = Date.now(),
): DateRange {
  const end = query.end_date === undefined ? new Date(nowMs) : new Date(query.end_date);
  const start =
    query.start_date === undefined ? new Date(end.getTime() - DEFAULT_RANGE_MS) : new Date(query.start_date);
  return { start, end };
}
