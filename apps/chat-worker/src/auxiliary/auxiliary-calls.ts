/**
 * One call of a model beside the turns: chosen, bounded in time, and in the ledger however it ends.
 *
 * It is made once and never repeated: what it is for can do without it. Its signal and its time limit close the provider's socket.
 */
import type { Clock } from '@parley/contracts';
import type { ModelClient, ResolvedModel } from '@parley/llm';
import type { CallPurpose } from '@parley/spend';
import type { AuxiliaryOutcome, WorkerMetrics } from '../metrics';
import type { CallLedger } from '../spend/call-ledger';
import { ModelCall } from '../spend/model-call';
import type { AuxiliaryModels, CallingChat } from './auxiliary-models';

export const AUXILIARY_CALL_MS = 30_000;

export interface AuxiliaryCallsOptions {
  readonly models: AuxiliaryModels;
  readonly ledger: CallLedger;
  readonly clock: Clock;
  readonly createId: () => string;
  readonly metrics: Pick<WorkerMetrics, 'auxiliaryCall'>;
}

export interface AuxiliaryCall<T> {
  readonly chatId: string;
  readonly chat: CallingChat;
  readonly purpose: CallPurpose;
  /** Asks the model, once. */
  readonly ask: (client: ModelClient, signal: AbortSignal) => Promise<T>;
  /** Gives the call up. */
  readonly signal?: AbortSignal;
  /** So does this: the worker stops, and the ledger does not wait for Postgres any more. */
  readonly stop: AbortSignal;
}

/** The model had its time and did not finish. */
export class AuxiliaryTimeoutError extends Error {
  override readonly name = 'AuxiliaryTimeoutError';
}

export class AuxiliaryCalls {
  constructor(private readonly options: AuxiliaryCallsOptions) {}

  /** @throws AuxiliaryTimeoutError after 30 s; ModelError, also when it was given up; the driver's error when there is no way to choose a model */
  async ask<T>({ chatId, chat, purpose, ask, signal, stop }: AuxiliaryCall<T>): Promise<T> {
    const { models, ledger, createId, metrics } = this.options;
    const model = await models.choose(chat);
    const call = new ModelCall({ id: createId(), chatId, purpose, model });
    const limit = new TimeLimit(this.options.clock, signal === undefined ? [stop] : [signal, stop]);
    const count = (outcome: AuxiliaryOutcome): void => metrics.auxiliaryCall({ purpose, outcome });
    try {
      const answer = await ask(withLittleReasoning(call.watchedClient(), model), limit.signal);
      count('answered');
      return answer;
    } catch (error) {
      count(limit.isOver ? 'timed_out' : limit.signal.aborted ? 'given_up' : 'failed');
      if (limit.isOver)
        throw new AuxiliaryTimeoutError('The model did not answer in time.', { cause: error });
      throw error;
    } finally {
      await limit.end();
      await ledger.record(call, limit.signal.aborted ? 'interrupted' : 'failed', stop);
    }
  }
}

/** Aborts when the time is over, or when one of the others aborts. Those live long: it does not stay among their listeners. */
class TimeLimit {
  private readonly controller = new AbortController();
  private readonly ending = new AbortController();
  private readonly waiting: Promise<void>;
  private over = false;

  constructor(
    private readonly clock: Clock,
    private readonly others: readonly AbortSignal[],
  ) {
    for (const other of others) other.addEventListener('abort', this.onAbort, { once: true });
    if (others.some((other) => other.aborted)) this.onAbort();
    this.waiting = this.wait();
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isOver(): boolean {
    return this.over;
  }

  async end(): Promise<void> {
    for (const other of this.others) other.removeEventListener('abort', this.onAbort);
    this.ending.abort();
    await this.waiting;
  }

  private readonly onAbort = (): void => this.controller.abort(new Error('The call was given up.'));

  private async wait(): Promise<void> {
    const { signal } = this.ending;
    try {
      await this.clock.sleep(AUXILIARY_CALL_MS, { name: 'auxiliary call', signal });
    } catch {
      return;
    }
    this.over = !this.controller.signal.aborted;
    this.controller.abort(new Error('The time for this call is over.'));
  }
}

/** A few words need no thinking, and the limits on output leave no room for it. Anthropic's models only think when they are told to. */
function withLittleReasoning(client: ModelClient, { callConfig, provider }: ResolvedModel): ModelClient {
  if (callConfig.reasoning_effort === undefined || provider === 'anthropic') return client;
  return {
    ...client,
    stream: (request, signal) =>
      client.stream({ ...request, settings: { ...request.settings, reasoningEffort: 'low' } }, signal),
  };
}
