/** A report of a load that never was, for specs of what reads reports. */
import { type LoadReport, type Report, REPORT_SCHEMA, REPORT_VERSION } from '../report/schema';

const latency = { count: 10, mean: 5, p50: 4, p90: 8, p95: 9, p99: 12, p999: 14, max: 15 };
const phase = { turns: 10, elapsed_s: 1, turns_per_s: 10 };
const sql = {
  statements_per_turn: 2,
  rows_per_turn: 2,
  wal_bytes_per_turn: 900,
  transaction_commands_per_turn: 0,
  background_statements: 1,
  by_query: [],
};

export function sampleLoad(change: Partial<LoadReport> = {}): LoadReport {
  return {
    load: 'plain',
    turns: 20,
    elapsed_s: 2,
    turns_per_s: 10,
    plan: { chats: 2 },
    phases: { create: phase, follow_up: phase },
    overhead_ms: { turn: latency, turn_beyond_mock: latency, first_token: latency },
    latency_ms: {
      create: { call: latency, first_token: latency, turn: latency },
      follow_up: { call: latency, first_token: latency, turn: latency },
    },
    stall_ms: null,
    sql: {
      source: 'pg_stat_statements',
      statements_per_turn: 2,
      rows_per_turn: 2,
      wal_bytes_per_turn: 900,
      create: sql,
      follow_up: sql,
      by_query: [],
    },
    bus: null,
    cpu_ms_per_turn: { gateway: 1, postgres: 0.5, generator: 1, services: 1 },
    rss_mb: { gateway: 120 },
    processes: [
      { name: 'gateway-1', group: 'gateway', cpu_ms_per_turn: 0.6, peak_rss_mb: 120 },
      { name: 'gateway-2', group: 'gateway', cpu_ms_per_turn: 0.4, peak_rss_mb: 110 },
    ],
    wire_bytes_per_turn: 1500,
    streams: { reconnects: 0, events_per_turn: 8, episodes: 20, cut_by_commit: 0, platform_retries: 0 },
    calls: { retries: 0, rate_limited: 0, must_be_limited: false, confirmed: 0, server_errors: 0 },
    services: [],
    stream_reads: [],
    oracle: {
      is_clean: true,
      turns_checked: 20,
      chats_checked: 2,
      has_ledger: true,
      findings: 0,
      model_calls: { answered: 20, regenerated: 0 },
      by_kind: {},
      examples: [],
      scenario_failures: [],
    },
    chaos: null,
    generator: {
      cpu_ms_per_turn: 1,
      max_cpu_ms_per_turn: null,
      cpu_share: 0.2,
      loop_delay_p50_ms: 0,
      loop_delay_p99_ms: 2,
      loop_delay_max_ms: 3,
      void_because: null,
      worst_backlog: 0,
    },
    timeline: [
      { at_s: 0, turns: 12, p50_ms: 4, p99_ms: 12 },
      { at_s: 1, turns: 8, p50_ms: 4, p99_ms: 11 },
    ],
    repeats: [10],
    repeat_runs: [],
    budget: null,
    ...change,
  };
}

export function sampleReport(change: Partial<Report> = {}): Report {
  return {
    ...sampleLoad(),
    schema: REPORT_SCHEMA,
    version: REPORT_VERSION,
    run_id: 'abc123',
    profile: 'smoke',
    seed: '1',
    started_at: '2026-01-01T00:00:00.000Z',
    finished_at: '2026-01-01T00:01:00.000Z',
    verdict: 'passed',
    reasons: [],
    environment: { node: 'v20' },
    other_loads: [],
    floor: null,
    ...change,
  };
}
