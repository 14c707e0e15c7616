/** The turn failed for good. Queue and open calls are kept: the next message answers the calls and goes on. */
import type { ChatError } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { FORGET_CALLS } from '../tool-calls';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';

export interface FailInput {
  fence: Fence;
  error: ChatError;
}

const FAIL = transitionStatement('fail', {
  when: `${IS_FENCED} and l.status = 'running'`,
  status: "'error'",
  error: '$4::jsonb',
  also: { ctes: FORGET_CALLS },
});

/** Ends the turn in error; queue and open calls are kept. */
export function fail(store: ChatStore, { fence, error }: FailInput): Promise<Done | Stale> {
  return applyFenced(store, { statement: FAIL, values: [...fenceValues(fence), encodeJsonb(error)] });
}
