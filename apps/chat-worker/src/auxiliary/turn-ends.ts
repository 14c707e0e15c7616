/**
 * What follows on the end of a turn, beside it: the label, the notification, and once in a while the summary of the chat. Only for root
 * chats, and never for a turn that was interrupted or that only summarised the history.
 */
import type { ChatHead, StoredMessage } from '@parley/chat-state';
import type { ChatStatus, TurnEnd } from '@parley/contracts';
import type { Goal } from '../decide';
import type { PushJobs } from '../push-jobs';
import type { ChatSummaries } from './chat-summaries';
import type { TurnLabels } from './turn-labels';

/** What a task did to its chat. */
export interface TurnStep {
  readonly goal: Pick<Goal, 'type'>;
  readonly chat: ChatHead;
  readonly rows: readonly StoredMessage[];
}

/** A turn ends when its chat comes to rest: with queued messages it goes on. */
const ENDS: Readonly<Record<ChatStatus, TurnEnd | null>> = {
  waiting: 'finish',
  error: 'error',
  requires_action: 'requires_action',
  running: null,
  interrupting: null,
};

export interface TurnEndsOptions {
  readonly labels: Pick<TurnLabels, 'consider'>;
  readonly summaries: Pick<ChatSummaries, 'consider'>;
  readonly pushJobs: Pick<PushJobs, 'tell'>;
}

export class TurnEnds {
  constructor(private readonly options: TurnEndsOptions) {}

  /** Call it after the commit. Nobody waits for what follows. */
  consider({ goal, chat, rows }: TurnStep): void {
    const kind = ENDS[chat.status];
    if (kind === null || goal.type === 'finish_interruption' || chat.parentChatId !== null) return;
    // Nobody waits for the end of a compaction as for an answer.
    if (kind === 'finish' && rows.some((row) => row.compressed)) return;
    const { labels, pushJobs, summaries } = this.options;
    pushJobs.tell({ kind, chat, rows, label: labels.consider({ chat, kind, rows }) });
    if (kind === 'finish') summaries.consider(chat);
  }
}
