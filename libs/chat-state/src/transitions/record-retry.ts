/** An attempt failed and another one follows: the count survives the worker, and clients learn how long it takes. */
import type { ChatRetry } from '@parley/contracts';
import { encodeJsonb } from '@parley/database';
import { applyFenced } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, Stale } from '../types';
import { fenceValues, IS_FENCED } from './fence';

export interface RecordRetryInput {
  fence: Fence;
  retry: Omit<ChatRetry, 'attempt' | 'retrying_at'>;
}

const RECORD_RETRY = transitionStatement('record_retry', {
  when: `${IS_FENCED} and l.status = 'running'`,
  attempt: 'l.generation_attempt + 1',
  retry: `$4::jsonb || jsonb_build_object('attempt', l.generation_attempt + 1,
      'retrying_at', now() + ($4::jsonb ->> 'delay_ms')::double precision * interval '1 millisecond')`,
});

/** Counts an attempt and stores what clients see while the worker waits. The database sets `attempt` and `retrying_at`. */
export function recordRetry(store: ChatStore, { fence, retry }: RecordRetryInput): Promise<Done | Stale> {
  return applyFenced(store, {
    statement: RECORD_RETRY,
    values: [...fenceValues(fence), encodeJsonb(retry)],
  });
}
