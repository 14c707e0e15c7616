/**
 * Titles from the model, beside the turns: the fallback title of a new chat is replaced when a better one comes.
 *
 * Nothing depends on it: it is bounded (what does not fit is not titled), a failure is logged and forgotten, and at the stop of
 * the worker what is under way is aborted and awaited.
 */
import { setGeneratedTitle, type ChatHead, type ChatStore, type TranscriptRow } from '@parley/chat-state';
import { generateTitle, titleText, type GeneratedTitle, type ResolvedModel } from '@parley/llm';
import type { CallLedger } from './spend/call-ledger';
import { ModelCall } from './spend/model-call';

const MAX_CONCURRENT = 8;
const MAX_WAITING = 200;

export interface TitleCandidate {
  readonly head: ChatHead;
  readonly rows: readonly TranscriptRow[];
  readonly model: ResolvedModel;
}

interface TitleJob {
  readonly chatId: string;
  readonly text: string;
  readonly model: ResolvedModel;
}

export interface TitlesOptions {
  readonly store: ChatStore;
  readonly ledger: CallLedger;
  readonly createId: () => string;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export class Titles {
  private readonly running = new Map<
    string,
    { readonly abort: AbortController; readonly done: Promise<void> }
  >();
  private readonly waiting: TitleJob[] = [];
  private isStopping = false;

  constructor(private readonly options: TitlesOptions) {}

  /** Makes a title when the chat has its first user message, no answer yet, and still the title it was born with. */
  consider({ head, rows, model }: TitleCandidate): void {
    if (this.isStopping || head.titleSource !== 'fallback') return;
    const conversation = rows.filter((row) => row.role !== 'system');
    const [first] = conversation;
    if (first === undefined || conversation.length !== 1 || first.role !== 'user') return;
    const text = titleText(first.content);
    if (text.trim() === '' || this.isKnown(head.id) || this.waiting.length >= MAX_WAITING) return;
    this.waiting.push({ chatId: head.id, text, model });
    this.startNext();
  }

  /** Aborts what is under way and waits for it. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const { abort } of this.running.values()) abort.abort();
    this.waiting.length = 0;
    await this.idle();
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  private isKnown(chatId: string): boolean {
    return this.running.has(chatId) || this.waiting.some((job) => job.chatId === chatId);
  }

  private startNext(): void {
    if (this.running.size >= MAX_CONCURRENT) return;
    const job = this.waiting.shift();
    if (job === undefined) return;
    const abort = new AbortController();
    const done = this.make(job, abort.signal).finally(() => {
      this.running.delete(job.chatId);
      this.startNext();
    });
    this.running.set(job.chatId, { abort, done });
  }

  private async make(job: TitleJob, signal: AbortSignal): Promise<void> {
    const { chatId } = job;
    try {
      const { title } = await this.ask(job, signal);
      if (title !== undefined) await setGeneratedTitle(this.options.store, { chatId, title });
    } catch (error) {
      if (!signal.aborted) this.options.onFailure(error, chatId);
    }
  }
  /** The call costs whether its title is used or not. */
  private async ask({ chatId, text, model }: TitleJob, signal: AbortSignal): Promise<GeneratedTitle> {
    const call = new ModelCall({ id: this.options.createId(), chatId, purpose: 'title', model });
    try {
      return await generateTitle(call.watchedClient(), text, signal);
    } finally {
      await this.options.ledger.record(call, signal.aborted ? 'interrupted' : 'failed', signal);
    }
  }
}
