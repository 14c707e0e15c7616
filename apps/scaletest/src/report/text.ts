/** The report for a terminal. */
import { sumOf } from '../measure/stream-reads';
import { FINDING_KINDS } from '../oracle/finding';
import { servicesLine } from './services';
import { type FloorReport, type LoadReport, loadsOf, type Report } from './schema';

const GROUP_WIDTH = 14;
const MAX_EXAMPLES = 10;
const MAX_QUERIES = 12;

export function textReport(report: Report): string {
  const lines = [
    `Parley scaletest ${report.run_id}: profile ${report.profile}, seed ${report.seed}`,
    `  ${describeEnvironment(report.environment)}`,
    ...loadsOf(report).flatMap(loadLines),
    ...(report.floor === null ? [] : floorLines(report.floor)),
    '',
    `Verdict: ${report.verdict.toUpperCase()}`,
    ...report.reasons.map((reason) => `  - ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function describeEnvironment(environment: Report['environment']): string {
  return Object.entries(environment)
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ');
}

function loadLines(load: LoadReport): string[] {
  const { phases, generator, streams } = load;
  return [
    '',
    `== ${load.load}: ${load.turns} turns in ${load.elapsed_s} s = ${load.turns_per_s} turns/s` +
      (load.repeats.length > 1 ? ` (of ${load.repeats.join(', ')})` : ''),
    `   create ${phases.create.turns} in ${phases.create.elapsed_s} s, follow-up ${phases.follow_up.turns} in ${phases.follow_up.elapsed_s} s (${phases.follow_up.turns_per_s}/s)`,
    ...latencyLines(load),
    `   CPU ms a turn:  ${pairs(load.cpu_ms_per_turn)}`,
    `   peak RSS MB:    ${pairs(load.rss_mb)}`,
    servicesLine(load),
    ...sqlLines(load),
    ...streamReadLines(load),
    ...(load.bus === null
      ? []
      : [
          `   bus a turn:     ${load.bus.messages_in_per_turn} messages in, ${load.bus.messages_out_per_turn} out, ${load.bus.bytes_in_per_turn} bytes in, ${load.bus.bytes_out_per_turn} out; slow consumers ${load.bus.slow_consumers}`,
        ]),
    `   streams:        ${load.wire_bytes_per_turn} bytes and ${streams.events_per_turn} events a turn, ${streams.reconnects} reconnects, ${streams.cut_by_commit} of ${streams.episodes} answers overtaken by their commit`,
    `   calls:          ${load.calls.retries} tried again, ${load.calls.rate_limited} rate limited, ${load.calls.confirmed} confirmed after a lost reply, ${load.calls.server_errors} answered with a 5xx`,
    `   generator:      ${generatorCost(load)}, ${Math.round(generator.cpu_share * 100)} % of a processor, loop delay p99 ${generator.loop_delay_p99_ms} ms, worst backlog ${generator.worst_backlog}`,
    ...chaosLines(load),
    ...oracleLines(load),
    ...budgetLines(load),
  ];
}

/** With those of all repetitions: the limit is only on the one that is reported. */
function generatorCost({ generator, repeat_runs: runs }: LoadReport): string {
  const { cpu_ms_per_turn: costMs, max_cpu_ms_per_turn: maxMs } = generator;
  const details = [
    ...(runs.length > 1 ? [`of ${runs.map((run) => run.generator_cpu_ms_per_turn).join(', ')}`] : []),
    ...(maxMs === null ? [] : [`at most ${maxMs}`]),
  ];
  return `${costMs} ms a turn${details.length === 0 ? '' : ` (${details.join('; ')})`}`;
}

function latencyLines({ overhead_ms: overhead, latency_ms: latency, stall_ms: stall }: LoadReport): string[] {
  const rows: [string, LoadReport['stall_ms']][] = [
    ['overhead of a turn', overhead.turn],
    ["  beyond the mock's own time", overhead.turn_beyond_mock],
    ['overhead to first token', overhead.first_token],
    ['create call', latency.create.call],
    ['send call', latency.follow_up.call],
    ['first turn', latency.create.turn],
    ['follow-up turn', latency.follow_up.turn],
    ['worst stall of a turn', stall],
  ];
  const shown = rows.filter((row): row is [string, NonNullable<LoadReport['stall_ms']>] => row[1] !== null);
  const columns = (values: readonly string[]): string => values.map((value) => value.padStart(9)).join('');
  return [
    `   ${'ms'.padEnd(28)}${columns(['p50', 'p90', 'p95', 'p99', 'p99.9', 'max'])}`,
    ...shown.map(
      ([name, { p50, p90, p95, p99, p999, max }]) =>
        `   ${name.padEnd(28)}${columns([p50, p90, p95, p99, p999, max].map((value) => value.toFixed(1)))}`,
    ),
  ];
}

function sqlLines({ sql }: LoadReport): string[] {
  if (sql === null) return ['   SQL:            not measured'];
  const shown = sql.follow_up ?? sql;
  const what = sql.follow_up === null ? 'a turn' : 'a follow-up turn';
  return [
    `   SQL ${what}: ${shown.statements_per_turn} statements, ${sql.source === 'service_counters' ? "by the services' own counters" : `${shown.rows_per_turn ?? '?'} rows, ${Math.round(shown.wal_bytes_per_turn ?? 0)} WAL bytes`}` +
      (sql.create === null ? '' : `; a first turn: ${sql.create.statements_per_turn} statements`),
    ...shown.by_query
      .slice(0, MAX_QUERIES)
      .map(
        ({ query, per_turn: perTurn, calls, is_background: isBackground }) =>
          `     ${perTurn.toFixed(2).padStart(7)} ${String(calls).padStart(7)} ${isBackground ? '(clock) ' : ''}${query}`,
      ),
  ];
}

/** Each relay's, so that one which reads does not hide behind those that do not. */
function streamReadLines({ stream_reads: reads, phases }: LoadReport): string[] {
  if (reads.length === 0) return [];
  const ofEach = reads.map(({ follow_up: followUp, whole }) => sumOf(followUp ?? whole)).join(', ');
  const turns = phases.follow_up.turns;
  return [
    `   stream reads:   ${ofEach} of messages, a relay, ${reads[0]?.follow_up === null ? 'in all turns' : `in ${turns} follow-up turns`}`,
  ];
}

function lostLines({ lost, bus_messages: bus }: NonNullable<LoadReport['chaos']>): string[] {
  if (lost === null) return [];
  const dealt =
    bus === null
      ? ''
      : `; bus messages: ${bus.dropped} dropped, ${bus.doubled} doubled, ${bus.delayed} delayed, ${bus.passed} untouched`;
  return [
    `   lost:           ${lost.turns} turns, ${lost.streams_cut} streams cut, ${lost.answers_cut} answers not seen to their end, ${lost.model_calls_repeated ?? '?'} model calls repeated, ${lost.server_errors} answers with a 5xx, ${lost.calls_repeated} calls tried again${dealt}`,
  ];
}

function recoveryLines({ recoveries }: NonNullable<LoadReport['chaos']>): string[] {
  if (recoveries === null) return [];
  const { kills, max_allowed_ms: allowed, p50_ms: p50, max_ms: max, never, unwatched } = recoveries;
  const felt = kills.filter((kill) => kill.chats > 0).length;
  const chats = kills.reduce((sum, kill) => sum + kill.chats, 0);
  const seconds = (ms: number | null): string => (ms === null ? '-' : `${(ms / 1000).toFixed(1)} s`);
  return [
    `   recoveries:     ${kills.length} kills, ${felt} of them left ${chats} chats to others, who were at all of a kill's after p50 ${seconds(p50)}, max ${seconds(max)} (at most ${seconds(allowed)})` +
      (never === 0 ? '' : `; NEVER after ${never} kills`) +
      (unwatched.length === 0 ? '' : `; ${unwatched.length} kills NOT WATCHED: ${unwatched[0] ?? ''}`),
  ];
}

function chaosLines({ chaos }: LoadReport): string[] {
  if (chaos === null) return [];
  const ms = (value: number | null): string => (value === null ? 'never' : `${(value / 1000).toFixed(1)} s`);
  return [
    `   chaos:          ${chaos.what}; ${chaos.turns_in_flight} turns in flight, the last of them ended after ${ms(chaos.recovered_after_ms)}, usual pace after ${ms(chaos.steady_after_ms)}, longest silence ${ms(chaos.longest_silence_ms)}` +
      (chaos.failure === null ? '' : `; THE FAULT FAILED: ${chaos.failure}`),
    ...recoveryLines(chaos),
    ...lostLines(chaos),
  ];
}

function oracleLines({ oracle }: LoadReport): string[] {
  if (oracle.is_clean)
    return [
      `   oracle:         clean, ${oracle.turns_checked} turns of ${oracle.chats_checked} chats${oracle.has_ledger ? '' : ' (without the ledger of the mock)'}${modelCallsText(oracle)}`,
    ];
  return [
    `   oracle:         ${oracle.findings} findings in ${oracle.turns_checked} turns of ${oracle.chats_checked} chats`,
    ...Object.entries(oracle.by_kind).map(
      ([kind, count]) => `     ${String(count).padStart(6)} ${kind}: ${meaning(kind)}`,
    ),
    ...oracle.examples
      .slice(0, MAX_EXAMPLES)
      .map(({ kind, chat_id: chatId, key, detail }) => `       ${kind} in ${chatId} ${key ?? ''}: ${detail}`),
    ...oracle.scenario_failures.slice(0, MAX_EXAMPLES).map((failure) => `       scenario failed: ${failure}`),
  ];
}

function modelCallsText({ model_calls: calls }: LoadReport['oracle']): string {
  return calls === null ? '' : `, ${calls.answered} model calls, ${calls.regenerated} of them again`;
}

function meaning(kind: string): string {
  return Object.entries(FINDING_KINDS).find(([name]) => name === kind)?.[1] ?? '';
}

function budgetLines({ budget }: LoadReport): string[] {
  return (budget?.lines ?? []).map(
    ({ what, budget: limit, measured }) =>
      `   budget:         ${what}: ${measured ?? 'not measured'} of ${limit}${measured !== null && measured > limit ? '  EXCEEDED' : ''}`,
  );
}

function floorLines(floor: FloorReport): string[] {
  return [
    '',
    '== floor: no server at all',
    ...floor.clients.map(
      ({ name, turns_per_s: rate, cpu_ms_per_turn: cpu, overhead_ms: overhead, first_token_ms: first }) =>
        `   ${name.padEnd(44)} ${String(rate).padStart(7)} turns/s, ${cpu} ms CPU a turn, over p50 ${overhead?.p50 ?? '-'} p95 ${overhead?.p95 ?? '-'} ms, first token p50 ${first?.p50 ?? '-'} ms`,
    ),
    ...(floor.commits_left_out === null
      ? []
      : [`   two commits a turn: not measured, ${floor.commits_left_out}`]),
    ...floor.commits.map(
      ({ by, clients, turns_per_s: rate, ms_per_turn: ms, postgres_cpu_ms_per_turn: cpu }) =>
        `   two commits a turn, ${String(clients).padStart(2)} clients (${by})${' '.repeat(16 - by.length)} ${String(rate).padStart(7)} turns/s, ${ms} ms a turn, ${cpu ?? '-'} ms Postgres CPU a turn`,
    ),
  ];
}

function pairs(values: Readonly<Record<string, number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} ${value}`.padEnd(GROUP_WIDTH))
    .join('  ');
}
