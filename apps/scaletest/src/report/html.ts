/** The report as one page that needs nothing else: the text, and charts of what changes over time or differs by process. */
import { barChart, escapeHtml, lineChart } from './charts';
import { serviceSummaries } from './services';
import { type LoadReport, loadsOf, type Report } from './schema';
import { textReport } from './text';

const STYLE = `body{font:14px/1.5 system-ui,sans-serif;max-width:1000px;margin:2rem auto;padding:0 1rem;color:#222}
figure{margin:1rem 0}figcaption{font-weight:600}svg{width:100%;max-width:720px;font:11px system-ui,sans-serif;background:#fff}
pre{background:#f6f6f6;padding:1rem;overflow:auto;font-size:12px}.passed{color:#176b2c}.failed,.void,.aborted{color:#b00020}
table{border-collapse:collapse}td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}`;

export function htmlReport(report: Report): string {
  const title = `Parley scaletest: ${report.profile}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)} <span class="${report.verdict}">${report.verdict}</span></h1>
<p>${escapeHtml(`${report.started_at}, run ${report.run_id}, seed ${report.seed}`)}</p>
<ul>${report.reasons.map((reason) => `<li>${escapeHtml(reason)}</li>`).join('')}</ul>
${loadsOf(report).map(loadSection).join('\n')}
<h2>As text</h2><pre>${escapeHtml(textReport(report))}</pre>
</body></html>
`;
}

function loadSection(load: LoadReport): string {
  const points = (of: (point: LoadReport['timeline'][number]) => number) =>
    load.timeline.map((point) => ({ x: point.at_s, y: of(point) }));
  const { services: _sum, ...cpu } = load.cpu_ms_per_turn;
  return `<h2>${escapeHtml(load.load)}: ${load.turns_per_s} turns/s</h2>
${percentileTable(load)}
${lineChart('Turns ended in each second', [{ name: 'turns', color: '#4a7bb5', points: points(({ turns }) => turns) }], { x: 's', y: 'turns' })}
${lineChart(
  'Time of a turn, from when it was meant to begin',
  [
    { name: 'p50', color: '#3a8a4d', points: points(({ p50_ms: ms }) => ms) },
    { name: 'p99', color: '#c07a12', points: points(({ p99_ms: ms }) => ms) },
  ],
  { x: 's', y: 'ms' },
)}
${barChart('CPU of a turn', cpu, 'ms')}
${barChart('Peak memory of a process', peakMemory(load), 'MB')}
${barChart('Event-loop delay of a service, p99', loopDelays(load), 'ms')}
${recoveryChart(load)}
${barChart('Oracle findings', load.oracle.by_kind, '')}`;
}

/** By process, in a report of before they were told apart by group. */
function peakMemory({ processes, rss_mb: byGroup }: LoadReport): Record<string, number> {
  return processes.length === 0
    ? byGroup
    : Object.fromEntries(processes.map(({ name, peak_rss_mb: mb }) => [name, mb]));
}

function loopDelays(load: LoadReport): Record<string, number> {
  return Object.fromEntries(
    serviceSummaries(load).flatMap(({ service, loopP99Ms }) =>
      loopP99Ms === undefined ? [] : [[service, Number(loopP99Ms.toFixed(1))]],
    ),
  );
}

/** Kills that were never recovered from are in the text. */
function recoveryChart({ chaos }: LoadReport): string {
  const points = (chaos?.recoveries?.kills ?? []).flatMap(({ at_s: x, recovered_after_ms: ms }) =>
    ms === null ? [] : [{ x, y: ms / 1000 }],
  );
  if (points.length < 2) return '';
  const series = [{ name: 'recovery', color: '#4a7bb5', points }];
  return lineChart('Until others were at all that a killed worker left', series, { x: 's', y: 's' });
}

function percentileTable({ overhead_ms: overhead, latency_ms: latency }: LoadReport): string {
  const rows: [string, LoadReport['stall_ms']][] = [
    ['overhead of a turn', overhead.turn],
    ['overhead to first token', overhead.first_token],
    ['create call', latency.create.call],
    ['send call', latency.follow_up.call],
    ['follow-up turn', latency.follow_up.turn],
  ];
  const cells = rows.flatMap(([name, summary]) =>
    summary === null
      ? []
      : [
          `<tr><td>${name}</td>${[summary.p50, summary.p90, summary.p99, summary.p999, summary.max].map((ms) => `<td>${ms}</td>`).join('')}</tr>`,
        ],
  );
  return `<table><tr><th>ms</th><th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max</th></tr>${cells.join('')}</table>`;
}
