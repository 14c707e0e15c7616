/**
 * One call of a model, as the ledger sees it: what the provider has told of its usage so far, and what that costs. Usage is cumulative:
 * the last word counts. Its id is made before the model is asked, so that the call is recorded once, whoever tries twice.
 */
import type { NewMessage } from '@parley/chat-state';
import type { MessageUsage } from '@parley/contracts';
import type { ModelClient, ModelStreamPart, ResolvedModel } from '@parley/llm';
import { costMicros, type CallOutcome, type CallPurpose, type ModelCallEntry } from '@parley/spend';

const MAX_RESPONSE_ID_CHARACTERS = 256;

export interface ModelCallOptions {
  readonly id: string;
  readonly chatId: string;
  readonly purpose: CallPurpose;
  readonly model: ResolvedModel;
}

export class ModelCall {
  private usage: MessageUsage | undefined;
  private responseId: string | undefined;
  private hasAnswer = false;
  private hasFinished = false;

  constructor(private readonly options: ModelCallOptions) {}

  /** The provider began to answer. One that refused, or never came so far, bills nothing. */
  get hasBegun(): boolean {
    return this.hasAnswer;
  }

  get isFinished(): boolean {
    return this.hasFinished;
  }

  /** To be shown every part of the answer. */
  see(part: ModelStreamPart): void {
    this.hasAnswer = true;
    if (part.type === 'usage') this.usage = part.usage;
    if (part.type !== 'finish') return;
    this.hasFinished = true;
    this.responseId = part.responseId
      ?.toWellFormed()
      .replaceAll('\u0000', '')
      .slice(0, MAX_RESPONSE_ID_CHARACTERS);
  }

  /** The model's client, watched: for calls whose parts go elsewhere. For this one call only. */
  watchedClient(): ModelClient {
    const { client } = this.options.model;
    const see = (part: ModelStreamPart): void => this.see(part);
    return {
      provider: client.provider,
      modelName: client.modelName,
      async *stream(request, signal) {
        for await (const part of client.stream(request, signal)) {
          see(part);
          yield part;
        }
      },
    };
  }

  /** What makes the answer's message the entry of this call. */
  asMessage(): Pick<NewMessage, 'usage' | 'totalCostMicros' | 'modelCallId' | 'providerResponseId'> {
    const { usage, responseId } = this;
    const cost = this.cost();
    return {
      modelCallId: this.options.id,
      ...(usage !== undefined && { usage }),
      ...(cost !== null && { totalCostMicros: cost }),
      ...(responseId !== undefined && { providerResponseId: responseId }),
    };
  }

  /** The entry of a call without a message. */
  asEntry(outcome: CallOutcome): ModelCallEntry {
    const { id, chatId, purpose, model } = this.options;
    return {
      id,
      chatId,
      modelConfigId: model.modelConfigId,
      purpose,
      outcome: this.hasFinished ? 'finished' : outcome,
      providerResponseId: this.responseId,
      usage: this.usage,
      costMicros: this.cost(),
    };
  }

  private cost(): number | null {
    return costMicros(this.options.model.prices, this.usage);
  }
}

/** The message without what makes it an entry: its call is recorded elsewhere. */
export function withoutCall(message: NewMessage): NewMessage {
  const {
    usage: _usage,
    totalCostMicros: _cost,
    modelCallId: _call,
    providerResponseId: _response,
    ...rest
  } = message;
  return rest;
}
