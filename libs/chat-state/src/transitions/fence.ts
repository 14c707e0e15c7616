/**
 * The fence of a worker's write: $2 is its runner, $3 the history it started from. A fresh runner at each acquire and a new
 * version at each change of history make a late write match no row.
 */
import type { Fence } from '../types';

export const IS_RUNNER = 'l.runner_id = $2::uuid';
export const IS_FENCED = `${IS_RUNNER} and l.history_version = $3::bigint`;

/** The types of $1, $2 and $3. */
export const FENCE_TYPES = ['uuid', 'uuid', 'bigint'];

/** The values of $1, $2 and $3. */
export function fenceValues(fence: Fence): [string, string, number] {
  return [fence.chatId, fence.runnerId, fence.historyVersion];
}
