import type { UsageLimitExceeded } from '@parley/contracts';
import type { UsageLimitExceededError } from '@parley/spend';

/** The body of 409: clients show what was spent, and when it starts anew. */
export const toUsageLimitExceeded = (error: UsageLimitExceededError): UsageLimitExceeded => ({
  message: error.message,
  spent_micros: error.spentMicros,
  limit_micros: error.limitMicros,
  resets_at: error.resetsAt.toISOString(),
});
