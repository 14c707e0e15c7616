export { execute } from './execute';
export { report as reportSchema, REPORT_SCHEMA, REPORT_VERSION } from './report/schema';
export type { LoadReport, Report } from './report/schema';
export type { RunFlags } from './run-plan';
export { traceOneTurn, type TraceOptions } from './trace/trace-one-turn';
export type { TraceStage, TurnTrace } from './trace/turn-trace';
