/**
 * Calls of models beside the turns, put together: titles, labels, summaries of chats, proposals.
 *
 * Promises: no turn waits for any of them; there are only so many at once (titles have places of their own, so that labels never crowd
 * them out); each call is in the ledger under its purpose; a stop aborts and awaits all.
 */
import type { ChatStore } from '@parley/chat-state';
import type { CallLedger } from '../spend/call-ledger';
import { PushJobs } from '../push-jobs';
import { PushRecipients } from '../push-recipients';
import type { Transcripts } from '../transcripts';
import type { WorkerOptions } from '../worker-options';
import { AuxiliaryCalls } from './auxiliary-calls';
import { AuxiliaryModels } from './auxiliary-models';
import { BackgroundWork } from './background-work';
import { ChatSummaries } from './chat-summaries';
import { TitleProposals } from './title-proposals';
import { Titles } from './titles';
import { TurnEnds } from './turn-ends';
import { TurnLabels } from './turn-labels';

/** What may wait for each place: beyond that nothing is asked. */
const MAX_WAITING_PER_PLACE = 25;
/** Labels without a call, when all places are taken: one statement each. */
const OVERFLOW = { maxRunning: 2, maxWaiting: 1_000 };

export interface AuxiliaryParts {
  readonly store: ChatStore;
  readonly ledger: CallLedger;
  readonly transcripts: Transcripts;
}

export class Auxiliary {
  readonly titles: Titles;
  readonly turnEnds: TurnEnds;
  readonly proposals: TitleProposals;
  private readonly titleWork: BackgroundWork;
  private readonly endWork: BackgroundWork;
  private readonly overflow = new BackgroundWork(OVERFLOW);
  private readonly pushJobs: PushJobs;

  constructor(options: WorkerOptions, { store, ledger, transcripts }: AuxiliaryParts) {
    const { bus, chatSettings, cheapModels, clock, createId, database, metrics, models, settings } = options;
    const failed = reporterOf(options);
    const chosen = new AuxiliaryModels({ models, cheapModels, settings: chatSettings });
    const calls = new AuxiliaryCalls({ models: chosen, ledger, clock, createId, metrics });
    this.titleWork = workOf(settings.maxAuxiliaryCalls);
    this.endWork = workOf(settings.maxAuxiliaryCalls);
    const onMissing = failed('Could not find out who takes notifications');
    const recipients = new PushRecipients({ database, bus, clock, onFailure: (error) => onMissing(error) });
    this.pushJobs = new PushJobs({
      bus,
      clock,
      recipients,
      onFailure: failed('No notification of the end of a turn'),
    });
    const shared = { store, transcripts, calls };
    this.titles = new Titles({
      ...shared,
      isWanted: settings.chatTitles,
      work: this.titleWork,
      onFailure: failed('No title was generated'),
    });
    const labels = new TurnLabels({
      ...shared,
      policy: settings.turnLabels,
      recipients,
      work: this.endWork,
      overflow: this.overflow,
      onFailure: failed('No label of a turn was generated'),
    });
    const summaries = new ChatSummaries({
      ...shared,
      isWanted: settings.chatSummaries,
      work: this.endWork,
      onFailure: failed('No summary of a chat was generated'),
    });
    this.turnEnds = new TurnEnds({ labels, summaries, pushJobs: this.pushJobs });
    this.proposals = new TitleProposals({ calls, onFailure: failed('No title was proposed') });
  }

  /** Never rejects. */
  async start(): Promise<void> {
    await this.pushJobs.start();
  }

  /** Notifications last: they wait for labels. */
  async stop(): Promise<void> {
    const { endWork, overflow, proposals, titleWork } = this;
    await Promise.all([titleWork.stop(), endWork.stop(), overflow.stop(), proposals.stop()]);
    await this.pushJobs.stop();
  }
}

function workOf(maxRunning: number): BackgroundWork {
  return new BackgroundWork({ maxRunning, maxWaiting: maxRunning * MAX_WAITING_PER_PLACE });
}

function reporterOf({ logger }: Pick<WorkerOptions, 'logger'>) {
  return (message: string) =>
    (error: unknown, chatId?: string): void =>
      logger.warn({ err: error, ...(chatId !== undefined && { chat_id: chatId }) }, message);
}
