/** What this library refuses. */

/** The user may not begin a turn now. Amounts are in micro-dollars. */
export class UsageLimitExceededError extends Error {
  readonly code = 'usage_limit_exceeded';
  readonly spentMicros: number;
  readonly limitMicros: number;
  /** When the period ends. */
  readonly resetsAt: Date;
  /** The limit is not reached yet, but turns that still run may reach it. */
  readonly isBusy: boolean;

  constructor(fields: { spentMicros: number; limitMicros: number; resetsAt: Date; isBusy: boolean }) {
    const limit = `your spending limit of $${(fields.limitMicros / 1e6).toFixed(2)}`;
    super(
      fields.isBusy
        ? `Turns that are still running may use up ${limit}: try again when they have finished.`
        : `You have reached ${limit}. It starts anew on ${fields.resetsAt.toISOString()}.`,
    );
    this.spentMicros = fields.spentMicros;
    this.limitMicros = fields.limitMicros;
    this.resetsAt = fields.resetsAt;
    this.isBusy = fields.isBusy;
  }
}
