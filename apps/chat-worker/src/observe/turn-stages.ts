/** The stages of a turn. They exclude one another, and together they are its whole time: what none of them claims is `unattributed`. */
export const TURN_STAGES = [
  /** From the message in the history to a runner that works on it. */
  'queue_wait',
  /** The history, from memory or Postgres. */
  'transcript',
  /** Resolving the model and building its prompt. */
  'prompt',
  /** A model summarises the history. */
  'compaction',
  /** From asking the model to its first part. */
  'model_first_token',
  /** From the first part to the end of the answer. */
  'stream',
  'tools',
  /** Statements that record a step, a retry or an end. */
  'commit',
  /** Waiting before a failed model is asked again. */
  'retry_backoff',
  'unattributed',
] as const;

export type TurnStage = (typeof TURN_STAGES)[number];

/**
 * How a turn ended. `action_required`: it goes on when the client has answered, as a turn of its own here. `dropped`: its history was
 * edited away. `lost`: another worker may go on with it.
 */
export type TurnOutcome = 'finished' | 'interrupted' | 'action_required' | 'failed' | 'dropped' | 'lost';

export interface EndedTurn {
  readonly outcome: TurnOutcome;
  readonly totalMs: number;
  readonly stageMs: Readonly<Record<TurnStage, number>>;
}
