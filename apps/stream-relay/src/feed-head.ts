/** The state of a chat as far as its viewers see it, and what a feed reads from Postgres to know it. */
import type {
  ChatChange,
  ChatError,
  ChatMessage,
  ChatRetry,
  ChatStatus,
  OpenCall,
  QueuedMessage,
} from '@parley/contracts';

export interface FeedHead {
  readonly ownerId: string;
  readonly version: number;
  readonly historyVersion: number;
  readonly queueVersion: number;
  readonly generationAttempt: number;
  readonly status: ChatStatus;
  /** Who holds the parts of the step in flight. */
  readonly workerId: string | null;
  readonly queue: readonly QueuedMessage[];
  readonly error: ChatError | null;
  readonly retry: ChatRetry | null;
  readonly openCalls: readonly OpenCall[];
}

/** One consistent read of a chat: everything visible that was written after some version, or else the newest messages. */
export interface FeedSnapshot {
  readonly head: FeedHead;
  /** In ascending order of id. */
  readonly messages: readonly ChatMessage[];
  /** Not everything that was asked for: more messages exist that are older than these. */
  readonly hasOlder: boolean;
  /** Messages were removed since that version, so these are the newest ones of all. */
  readonly isReset: boolean;
}

/** The head after a change that follows it. A field the change leaves out did not change. */
export function headAfter(head: FeedHead, change: ChatChange): FeedHead {
  return {
    ownerId: change.owner_id,
    version: change.version,
    historyVersion: change.history_version,
    queueVersion: change.queue_version,
    generationAttempt: change.generation_attempt,
    status: change.status,
    workerId: change.worker_id,
    queue: change.queue ?? head.queue,
    error: change.error === undefined ? head.error : change.error,
    retry: change.retry === undefined ? head.retry : change.retry,
    openCalls: change.open_calls ?? head.openCalls,
  };
}
