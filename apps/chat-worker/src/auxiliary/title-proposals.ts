/**
 * Proposals of titles that somebody waits for. One is made here when the gateway asks, and given up when it says that nobody waits any more,
 * or when the worker stops. What it cost is in the ledger before the reply goes out, so that a limit that is checked next knows it.
 */
import type { TitleProposalReply, TitleProposalRequest } from '@parley/contracts';
import { generateTitle, ModelError } from '@parley/llm';
import { AuxiliaryTimeoutError, type AuxiliaryCalls } from './auxiliary-calls';

/** Beyond that a worker says that it is busy. */
const MAX_RUNNING = 32;

interface Proposal {
  readonly abort: AbortController;
  readonly done: Promise<TitleProposalReply>;
}

export interface TitleProposalsOptions {
  readonly calls: Pick<AuxiliaryCalls, 'ask'>;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export class TitleProposals {
  private readonly running = new Map<string, Proposal>();
  private readonly stopping = new AbortController();

  constructor(private readonly options: TitleProposalsOptions) {}

  /** @throws what is no failure of a model */
  async propose(request: TitleProposalRequest): Promise<TitleProposalReply> {
    const { proposal_id: id } = request;
    if (this.stopping.signal.aborted || this.running.size >= MAX_RUNNING || this.running.has(id)) {
      return { result: 'busy' };
    }
    const abort = new AbortController();
    const done = this.make(request, abort.signal).finally(() => this.running.delete(id));
    this.running.set(id, { abort, done });
    return done;
  }

  /** Nobody waits for it any more. It may be another worker's. */
  drop(id: string): void {
    this.running.get(id)?.abort.abort();
  }

  /** Aborts what is under way and resolves when it has ended. */
  async stop(): Promise<void> {
    this.stopping.abort();
    const running = [...this.running.values()];
    for (const { abort } of running) abort.abort();
    await Promise.allSettled(running.map(({ done }) => done));
  }

  private async make(request: TitleProposalRequest, signal: AbortSignal): Promise<TitleProposalReply> {
    try {
      const title = await this.options.calls.ask({
        chatId: request.chat_id,
        chat: {
          organizationId: request.organization_id,
          ownerId: request.owner_id,
          modelConfigId: request.model_config_id,
        },
        purpose: 'proposal',
        ask: (client, limited) => generateTitle(client, request.conversation, limited),
        signal,
        stop: this.stopping.signal,
      });
      return title === undefined ? { result: 'unusable' } : { result: 'title', title };
    } catch (error) {
      if (signal.aborted) return { result: this.stopping.signal.aborted ? 'busy' : 'dropped' };
      this.options.onFailure(error, request.chat_id);
      return replyTo(error);
    }
  }
}

function replyTo(error: unknown): TitleProposalReply {
  if (error instanceof AuxiliaryTimeoutError) return { result: 'timeout' };
  if (!(error instanceof ModelError)) throw error;
  const { kind, message, detail } = error;
  return { result: 'failed', kind, message, ...(detail !== undefined && { detail }) };
}
