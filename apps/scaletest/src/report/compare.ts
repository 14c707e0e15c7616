/** Two reports side by side: what got better, what got worse, and by how much. */
import { type LoadReport, loadsOf, type Report } from './schema';

export interface Comparison {
  readonly load: string;
  readonly what: string;
  readonly before: number;
  readonly after: number;
  /** 0.1 is ten percent more than before. */
  readonly change: number;
  /** Whether that is good; null when it is too small to say. */
  readonly isBetter: boolean | null;
}

/** Runs on one machine differ by that much without a reason. */
const NOISE = 0.05;

interface Measure {
  readonly what: string;
  readonly of: (load: LoadReport) => number | null | undefined;
  readonly isMoreBetter?: boolean;
}

const MEASURES: readonly Measure[] = [
  { what: 'turns/s', of: (load) => load.turns_per_s, isMoreBetter: true },
  { what: 'overhead p50 ms', of: (load) => load.overhead_ms.turn?.p50 },
  { what: 'overhead p99 ms', of: (load) => load.overhead_ms.turn?.p99 },
  { what: 'first token overhead p50 ms', of: (load) => load.overhead_ms.first_token?.p50 },
  { what: 'first token overhead p99 ms', of: (load) => load.overhead_ms.first_token?.p99 },
  {
    what: 'statements a turn',
    of: (load) => load.sql?.follow_up?.statements_per_turn ?? load.sql?.statements_per_turn,
  },
  {
    what: 'WAL bytes a turn',
    of: (load) => load.sql?.follow_up?.wal_bytes_per_turn ?? load.sql?.wal_bytes_per_turn,
  },
  { what: 'bus messages a turn', of: (load) => load.bus?.messages_in_per_turn },
  { what: 'CPU ms a turn: services', of: (load) => load.cpu_ms_per_turn['services'] },
  { what: 'CPU ms a turn: Postgres', of: (load) => load.cpu_ms_per_turn['postgres'] },
  { what: 'wire bytes a turn', of: (load) => load.wire_bytes_per_turn },
  { what: 'recovery ms', of: (load) => load.chaos?.recovered_after_ms },
  { what: 'oracle findings', of: (load) => load.oracle.findings },
];

/** Loads are matched by name; what only one of the two has is left out. */
export function compare(before: Report, after: Report): Comparison[] {
  return loadsOf(before).flatMap((earlier) => {
    const later = loadsOf(after).find(({ load }) => load === earlier.load);
    return later === undefined ? [] : MEASURES.flatMap((measure) => compareOne(earlier, later, measure));
  });
}

function compareOne(
  earlier: LoadReport,
  later: LoadReport,
  { what, of, isMoreBetter = false }: Measure,
): Comparison[] {
  const [before, after] = [of(earlier), of(later)];
  if (before === null || before === undefined || after === null || after === undefined) return [];
  const change = before === 0 ? (after === 0 ? 0 : Number.POSITIVE_INFINITY) : after / before - 1;
  const isBetter = Math.abs(change) < NOISE ? null : change > 0 === isMoreBetter;
  return [{ load: earlier.load, what, before, after, change, isBetter }];
}

export function compareText(before: Report, after: Report): string {
  const rows = compare(before, after);
  const lines = [`${before.run_id} (${before.profile}) -> ${after.run_id} (${after.profile})`];
  if (rows.length === 0) lines.push('No load of one has the name of a load of the other.');
  let load: string | undefined;
  for (const row of rows) {
    if (row.load !== load) lines.push('', `== ${row.load}`);
    load = row.load;
    const percent = Number.isFinite(row.change)
      ? `${row.change > 0 ? '+' : ''}${(row.change * 100).toFixed(1)} %`
      : 'new';
    const judged = row.isBetter === null ? '' : row.isBetter ? 'better' : 'WORSE';
    lines.push(
      `   ${row.what.padEnd(30)}${String(row.before).padStart(12)}${String(row.after).padStart(12)}${percent.padStart(12)}  ${judged}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
