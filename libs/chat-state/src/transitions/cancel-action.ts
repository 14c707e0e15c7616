/** The client did not answer in time: its calls get cancelled results, and the model goes on. */
import { applyFenced } from '../apply-transition';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, Fence, Stale } from '../types';
import { IS_RUNNER } from './fence';

export interface CancelActionInput {
  fence: Omit<Fence, 'historyVersion'>;
}

const CANCEL_ACTION = transitionStatement('cancel_action', {
  when: `${IS_RUNNER} and l.action_deadline_at <= now()`,
  status: "'running'",
  cancels: 'true',
});

/** Ends an action whose deadline has passed by the database's clock; before that it is `stale`. */
export function cancelAction(store: ChatStore, { fence }: CancelActionInput): Promise<Done | Stale> {
  return applyFenced(store, { statement: CANCEL_ACTION, values: [fence.chatId, fence.runnerId] });
}
