/**
 * The report as JSON: what `--json` writes and `compare` reads. Fields are only ever added within a version, each with a default, so that
 * older reports can be read. Times are milliseconds
 * where the name says `_ms`, seconds where it says `_s`; null is "not measured here", never zero. docs/scaletest.md describes it.
 */
import { z } from 'zod';

export const REPORT_SCHEMA = 'parley-scaletest';
export const REPORT_VERSION = 1;

const latency = z.object({
  count: z.number(),
  mean: z.number(),
  p50: z.number(),
  p90: z.number(),
  p95: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});
const maybeLatency = latency.nullable();

const phase = z.object({ turns: z.number(), elapsed_s: z.number(), turns_per_s: z.number() });

const phaseLatencies = z.object({
  /** The call that creates the chat or sends the message. */
  call: maybeLatency,
  first_token: maybeLatency,
  turn: maybeLatency,
});

const statement = z.object({
  query: z.string(),
  calls: z.number(),
  rows: z.number().nullable(),
  wal_bytes: z.number().nullable(),
  total_ms: z.number().nullable(),
  per_turn: z.number(),
  is_background: z.boolean(),
});

const sqlCost = z.object({
  statements_per_turn: z.number(),
  rows_per_turn: z.number().nullable(),
  wal_bytes_per_turn: z.number().nullable(),
  transaction_commands_per_turn: z.number(),
  background_statements: z.number(),
  by_query: z.array(statement),
});

const sql = z.object({
  /** `service_counters`: the services' own counters of statements, which know no rows and no WAL. */
  source: z.enum(['pg_stat_statements', 'service_counters']).default('pg_stat_statements'),
  /** Over the whole load. */
  statements_per_turn: z.number(),
  rows_per_turn: z.number().nullable(),
  wal_bytes_per_turn: z.number().nullable(),
  /** Of first turns and of later ones apart, where the load has a barrier between them. */
  create: sqlCost.nullable(),
  follow_up: sqlCost.nullable(),
  by_query: z.array(statement),
});

const bus = z.object({
  messages_in_per_turn: z.number(),
  messages_out_per_turn: z.number(),
  bytes_in_per_turn: z.number(),
  bytes_out_per_turn: z.number(),
  slow_consumers: z.number(),
});

const oracle = z.object({
  is_clean: z.boolean(),
  turns_checked: z.number(),
  chats_checked: z.number(),
  /** False when the mock's ledger could not be read. */
  has_ledger: z.boolean(),
  findings: z.number(),
  /** Null without a ledger: calls that were answered, and of these how many asked for a step again, whatever excused them. */
  model_calls: z.object({ answered: z.number(), regenerated: z.number() }).nullable().default(null),
  by_kind: z.record(z.string(), z.number()),
  /** The first ones. */
  examples: z.array(
    z.object({ kind: z.string(), chat_id: z.string(), key: z.string().optional(), detail: z.string() }),
  ),
  scenario_failures: z.array(z.string()),
});

const chaos = z.object({
  fault: z.string(),
  what: z.string(),
  failure: z.string().nullable(),
  mended_after_ms: z.number(),
  turns_in_flight: z.number(),
  recovered_after_ms: z.number().nullable(),
  steady_after_ms: z.number().nullable(),
  longest_silence_ms: z.number(),
  /** What was done, when (seconds after the load began), for how long. */
  blows: z.array(z.object({ what: z.string(), at_s: z.number(), lasted_ms: z.number() })).default([]),
  /** What it cost: each of these is 0 when nobody noticed. */
  lost: z
    .object({
      /** Turns that never ended. */
      turns: z.number(),
      /** Streams that had to be opened again. */
      streams_cut: z.number(),
      /** Answers that a viewer did not see grow to their end. */
      answers_cut: z.number(),
      /** Calls of the model that were made, and paid, again. */
      model_calls_repeated: z.number().nullable(),
      /** Requests that were answered with a 5xx. */
      server_errors: z.number(),
      /** Requests that were tried again. */
      calls_repeated: z.number(),
    })
    .nullable()
    .default(null),
  /** How soon others were at what a killed worker left; null when the fault kills no worker. */
  recoveries: z
    .object({
      max_allowed_ms: z.number(),
      /** Of kills that left chats with work to do; null when none did. */
      p50_ms: z.number().nullable(),
      max_ms: z.number().nullable(),
      /** Kills after which a chat was left lying to the end. */
      never: z.number(),
      /** Why kills could not be watched: their recovery is not known. */
      unwatched: z.array(z.string()),
      /** `chats` had work to do and a dead owner; null: one of them to the end. */
      kills: z.array(
        z.object({ at_s: z.number(), chats: z.number(), recovered_after_ms: z.number().nullable() }),
      ),
    })
    .nullable()
    .default(null),
  /** What the proxy before the bus did with messages, where there is one. */
  bus_messages: z
    .object({ passed: z.number(), dropped: z.number(), doubled: z.number(), delayed: z.number() })
    .nullable()
    .default(null),
});

const readCounts = z.object({ first: z.number(), catch_up: z.number(), history: z.number() });

export const loadReport = z.object({
  load: z.string(),
  turns: z.number(),
  elapsed_s: z.number(),
  turns_per_s: z.number(),
  plan: z.record(z.string(), z.unknown()),
  phases: z.object({ create: phase, follow_up: phase }),
  overhead_ms: z.object({
    /** Time of a turn beyond the mock's schedule for that same turn. */
    turn: maybeLatency,
    /** The same beyond the time the mock really took, which on a busy machine is more than its schedule. */
    turn_beyond_mock: maybeLatency,
    first_token: maybeLatency,
  }),
  latency_ms: z.object({ create: phaseLatencies, follow_up: phaseLatencies }),
  /** The longest wait between two parts, a turn. */
  stall_ms: maybeLatency,
  sql: sql.nullable(),
  bus: bus.nullable(),
  /** By group of processes; `services` is the sum of the platform's own. */
  cpu_ms_per_turn: z.record(z.string(), z.number()),
  /** The peak, of the largest process of a group. */
  rss_mb: z.record(z.string(), z.number()),
  /** Each process by itself, Postgres with its backends as one; one that was started again is another one. */
  processes: z
    .array(
      z.object({
        name: z.string(),
        group: z.string(),
        cpu_ms_per_turn: z.number(),
        peak_rss_mb: z.number(),
      }),
    )
    .default([]),
  wire_bytes_per_turn: z.number(),
  streams: z.object({
    reconnects: z.number(),
    events_per_turn: z.number(),
    episodes: z.number(),
    cut_by_commit: z.number(),
    platform_retries: z.number(),
  }),
  calls: z.object({
    retries: z.number(),
    rate_limited: z.number(),
    /** The load is there to meet the limit: it fails when no call did. */
    must_be_limited: z.boolean().default(false),
    confirmed: z.number(),
    /** Answers with a 5xx, also those that a fault explains. */
    server_errors: z.number().default(0),
  }),
  services: z.array(
    z.object({
      service: z.string(),
      samples: z.array(z.object({ name: z.string(), labels: z.string(), value: z.number() })),
    }),
  ),
  /** Messages read from Postgres for streams, of each relay; `follow_up` is null where the load has no barrier. */
  stream_reads: z
    .array(z.object({ service: z.string(), whole: readCounts, follow_up: readCounts.nullable() }))
    .default([]),
  oracle,
  chaos: chaos.nullable(),
  generator: z.object({
    cpu_ms_per_turn: z.number(),
    /** Null where the load has no limit. */
    max_cpu_ms_per_turn: z.number().nullable().default(null),
    cpu_share: z.number(),
    loop_delay_p50_ms: z.number(),
    loop_delay_p99_ms: z.number(),
    loop_delay_max_ms: z.number(),
    void_because: z.string().nullable(),
    worst_backlog: z.number(),
  }),
  timeline: z.array(
    z.object({ at_s: z.number(), turns: z.number(), p50_ms: z.number(), p99_ms: z.number() }),
  ),
  /** Turns a second of each repetition; the report is of the median one, or of the first that found something. */
  repeats: z.array(z.number()),
  /** Of each repetition, in the same order, what the verdict looks at; null where it was not measured. */
  repeat_runs: z
    .array(
      z.object({
        turns_per_s: z.number(),
        generator_cpu_ms_per_turn: z.number(),
        void_because: z.string().nullable(),
        is_clean: z.boolean(),
        has_ledger: z.boolean(),
        is_budget_kept: z.boolean().nullable(),
      }),
    )
    .default([]),
  budget: z
    .object({
      is_kept: z.boolean(),
      lines: z.array(z.object({ what: z.string(), budget: z.number(), measured: z.number().nullable() })),
    })
    .nullable(),
});
export type LoadReport = z.infer<typeof loadReport>;

const clientFloor = z.object({
  name: z.string(),
  turns_per_s: z.number(),
  cpu_ms_per_turn: z.number(),
  overhead_ms: maybeLatency,
  first_token_ms: maybeLatency,
});
const commitFloor = z.object({
  /** `pgbench`, or where it is missing `own loop`: a loop in this process, which costs processor time itself. */
  by: z.enum(['pgbench', 'own loop']).default('own loop'),
  clients: z.number(),
  turns_per_s: z.number(),
  ms_per_turn: z.number(),
  postgres_cpu_ms_per_turn: z.number().nullable(),
});
export const floorReport = z.object({
  clients: z.array(clientFloor),
  commits: z.array(commitFloor),
  /** Why `commits` is empty; null when it is not. */
  commits_left_out: z.string().nullable().default(null),
});
export type FloorReport = z.infer<typeof floorReport>;

export const VERDICTS = ['passed', 'failed', 'void', 'aborted'] as const;

export const report = loadReport.extend({
  schema: z.literal(REPORT_SCHEMA),
  version: z.literal(REPORT_VERSION),
  run_id: z.string(),
  profile: z.string(),
  seed: z.string(),
  started_at: z.string(),
  finished_at: z.string(),
  verdict: z.enum(VERDICTS),
  reasons: z.array(z.string()),
  environment: z.record(z.string(), z.unknown()),
  /** The other loads of the run; the fields above are of the first one. */
  other_loads: z.array(loadReport),
  floor: floorReport.nullable(),
});
export type Report = z.infer<typeof report>;

/** Every load of a run, the first one included. */
export const loadsOf = (whole: Report): LoadReport[] => [whole, ...whole.other_loads];
