/** Where the time of turns goes, as histograms. Every stage is observed for every turn, so that the means of the stages sum to the turn's. */
import type { Metrics } from '@parley/service';
import type { WorkerMetrics } from '../metrics';
import { TURN_STAGES, type EndedTurn } from './turn-stages';

const STAGE_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300,
];
const TURN_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

export function createTurnMetrics(metrics: Metrics): Pick<WorkerMetrics, 'turnEnded' | 'firstToken'> {
  const stages = metrics.histogram({
    name: 'parley_turn_stage_seconds',
    help: 'What each stage took of each turn; the stages exclude one another and sum to the turn',
    labels: ['stage'] as const,
    buckets: STAGE_BUCKETS,
  });
  const turns = metrics.histogram({
    name: 'parley_turn_seconds',
    help: 'From the message in the history to the end of its turn, by how it ended',
    labels: ['outcome'] as const,
    buckets: TURN_BUCKETS,
  });
  const firstTokens = metrics.histogram({
    name: 'parley_time_to_first_token_seconds',
    help: 'From the message in the history to the first part of its answer',
    buckets: TURN_BUCKETS,
  });
  // Found once: looking labels up costs more than observing.
  const ofStage = TURN_STAGES.map((stage) => ({ stage, histogram: stages.labels(stage) }));
  return {
    firstToken: (ms) => firstTokens.observe(ms / 1000),
    turnEnded: ({ outcome, totalMs, stageMs }: EndedTurn) => {
      turns.observe({ outcome }, totalMs / 1000);
      for (const { stage, histogram } of ofStage) histogram.observe(stageMs[stage] / 1000);
    },
  };
}
