/** The periods of a limit: calendar days, ISO weeks (from Monday) and months, all in UTC. */
import type { LimitPeriod } from '@parley/contracts';

const DAY_MS = 24 * 60 * 60 * 1000;

export interface Period {
  readonly start: Date;
  /** The first instant that is no longer in it: when spending starts again at 0. */
  readonly end: Date;
}

/** The period that the instant lies in. */
export function periodAt(period: LimitPeriod, nowMs: number): Period {
  const now = new Date(nowMs);
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()];
  const today = Date.UTC(year, month, now.getUTCDate());
  switch (period) {
    case 'day':
      return { start: new Date(today), end: new Date(today + DAY_MS) };
    case 'week': {
      const monday = today - ((now.getUTCDay() + 6) % 7) * DAY_MS;
      return { start: new Date(monday), end: new Date(monday + 7 * DAY_MS) };
    }
    case 'month':
      return { start: new Date(Date.UTC(year, month, 1)), end: new Date(Date.UTC(year, month + 1, 1)) };
  }
}
