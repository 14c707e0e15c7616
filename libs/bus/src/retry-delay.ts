/**
 * Wait before delivery `deliveries + 1` of a job: 1 s doubling to 1 min, less up to a quarter so that jobs that failed
 * together do not return together.
 */
export function defaultRetryDelayMs(deliveries: number): number {
  const fullMs = Math.min(60_000, 1_000 * 2 ** (deliveries - 1));
  return Math.round(fullMs * (1 - Math.random() * 0.25));
}
