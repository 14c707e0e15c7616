/**
 * Tells the webpush service that a turn ended: one job on its durable queue, with all that the notification says, so that webpush
 * reads no chat.
 *
 * The job's id is that of the end, so that it is told once, whoever tells it how often. Added beside the turns, which never wait
 * for it; tried again while the bus is away, within bounds. When nobody has subscribed a browser there is nothing to tell.
 *
 * What it says is the turn's label, when a model makes one within 3 s; else the text of the answer, and of a failed turn the error.
 */
import { BusUnavailableError, type Bus } from '@parley/bus';
import type { ChatHead, StoredMessage } from '@parley/chat-state';
import {
  cutPushText,
  pushJobId,
  pushTextOf,
  subjects,
  type Clock,
  type PushTurnFinished,
  type TurnEnd,
} from '@parley/contracts';
import type { PushRecipients } from './push-recipients';

export interface PushJobsOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly recipients: Pick<PushRecipients, 'start' | 'stop' | 'has'>;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export interface EndOfTurn {
  readonly kind: TurnEnd;
  readonly chat: ChatHead;
  /** What the end committed. */
  readonly rows: readonly StoredMessage[];
  /** The label, once a model has made one, or undefined. Never rejects. */
  readonly label: Promise<string | undefined>;
}

/** More ends than that do not wait for the bus: they are not told. */
const MAX_PENDING = 5_000;
const MAX_ATTEMPTS = 30;
const PAUSE_MS = 1_000;

/** A notification that comes later than that is not worth its label. */
const LABEL_PATIENCE_MS = 3_000;

export class PushJobs {
  private readonly pending = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: PushJobsOptions) {}

  /** Never rejects. */
  async start(): Promise<void> {
    await this.options.recipients.start();
  }

  /** Call it after the commit. */
  tell(end: EndOfTurn): void {
    if (this.stopping.signal.aborted || this.pending.size >= MAX_PENDING) return;
    const adding = this.add(this.jobOf(end), end.label).finally(() => this.pending.delete(adding));
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

  private jobOf({ chat, rows, kind }: EndOfTurn): PushTurnFinished {
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

  private async add(plain: PushTurnFinished, label: Promise<string | undefined>): Promise<void> {
    const { bus, clock, recipients, onFailure } = this.options;
    const queue = bus.workQueue(subjects.pushTurnFinished());
    const { signal } = this.stopping;
    try {
      if (!(await recipients.has(plain.owner_id))) return;
      const text = plain.kind === 'error' ? undefined : await this.inTime(label);
      const job = text === undefined ? plain : { ...plain, text };
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
      onFailure(error, plain.chat_id);
    }
  }

  /** The label, unless it takes too long or everything stops. */
  private async inTime(label: Promise<string | undefined>): Promise<string | undefined> {
    const patience = new AbortController();
    const giveUp = (): void => patience.abort();
    const { signal } = this.stopping;
    if (signal.aborted) return undefined;
    signal.addEventListener('abort', giveUp, { once: true });
    const timeout = this.options.clock
      .sleep(LABEL_PATIENCE_MS, { name: 'label for push', signal: patience.signal })
      .catch(() => undefined);
    try {
      return await Promise.race([label, timeout.then(() => undefined)]);
    } finally {
      signal.removeEventListener('abort', giveUp);
      patience.abort();
      await timeout;
    }
  }
}
