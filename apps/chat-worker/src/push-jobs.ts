/**
 * Tells the webpush service that a turn ended: one job on its durable queue, with all that the notification says, so that webpush
 * reads no chat.
 *
 * Only for root chats, and never for a turn that was interrupted. A turn ends when its chat comes to rest: with queued messages it goes
 * on. The job's id is that of the end, so that it is told once, whoever tells it how often. Added beside the turns, which never wait
 * for it; tried again while the bus is away, within bounds. When nobody has subscribed a browser there is nothing to tell.
 */
import { BusUnavailableError, type Bus } from '@parley/bus';
import type { ChatHead, StoredMessage } from '@parley/chat-state';
import {
  cutPushText,
  pushJobId,
  pushTextOf,
  subjects,
  type ChatStatus,
  type Clock,
  type PushTurnFinished,
  type TurnEnd,
} from '@parley/contracts';
import type { Goal } from './decide';
import type { PushRecipients } from './push-recipients';

export interface PushJobsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly recipients: Pick<PushRecipients, 'start' | 'stop' | 'has'>;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

/** What a task did to its chat. */
export interface TurnStep {
  readonly goal: Goal;
  readonly chat: ChatHead;
  readonly rows: readonly StoredMessage[];
}

/** More ends than that do not wait for the bus: they are not told. */
const MAX_PENDING = 1_000;
const MAX_ATTEMPTS = 30;
const PAUSE_MS = 1_000;

const ENDS: Readonly<Record<ChatStatus, TurnEnd | null>> = {
  waiting: 'finish',
  error: 'error',
  requires_action: 'requires_action',
  running: null,
  interrupting: null,
};

export class PushJobs {
  private readonly pending = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: PushJobsOptions) {}

  /** Never rejects. */
  async start(): Promise<void> {
    await this.options.recipients.start();
  }

  /** Call it after the commit. */
  consider(step: TurnStep): void {
    const kind = ENDS[step.chat.status];
    const isInterruption = step.goal.type === 'finish_interruption';
    if (kind === null || isInterruption || step.chat.parentChatId !== null) return;
    if (this.stopping.signal.aborted || this.pending.size >= MAX_PENDING) return;
    const adding = this.add(this.jobOf(step, kind)).finally(() => this.pending.delete(adding));
    this.pending.add(adding);
  }

  /** Tries no more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.options.recipients.stop();
    await this.idle();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.pending.size > 0) await Promise.all(this.pending);
  }

  private jobOf({ chat, rows }: TurnStep, kind: TurnEnd): PushTurnFinished {
    const answer = rows.findLast((row) => row.role === 'assistant');
    const text =
      kind === 'error' ? cutPushText(chat.lastError?.message ?? '') : pushTextOf(answer?.content ?? []);
    return {
      chat_id: chat.id,
      owner_id: chat.ownerId,
      history_version: chat.historyVersion,
      kind,
      title: chat.title,
      text,
      finished_at: new Date(this.options.clock.now()).toISOString(),
    };
  }

  private async add(job: PushTurnFinished): Promise<void> {
    const { bus, clock, recipients, onFailure } = this.options;
    const queue = bus.workQueue(subjects.pushTurnFinished());
    const { signal } = this.stopping;
    try {
      if (!(await recipients.has(job.owner_id))) return;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await queue.add(job, { messageId: pushJobId(job) });
        } catch (error) {
          if (!(error instanceof BusUnavailableError) || attempt === MAX_ATTEMPTS || signal.aborted)
            throw error;
        }
        // A stop ends the pause, and there is one more try.
        await clock.sleep(PAUSE_MS, { name: 'push job', signal }).catch(() => undefined);
      }
    } catch (error) {
      onFailure(error, job.chat_id);
    }
  }
}
