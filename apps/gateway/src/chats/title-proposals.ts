/**
 * The way to the workers for proposals of titles. They have the keys of the providers, so one of them asks the model; what it costs is in
 * the ledger before it replies. When the asker goes away the workers are told, and the one that is at it cuts its call.
 *
 * Statuses: 504 when the model took too long, 502 when it or its provider failed, 409 when the owner must choose another model or see to
 * its configuration first, 503 when no worker can make one now, 499 when nobody waits any more.
 */
import { NoResponderError, RequestTimeoutError, type Bus } from '@parley/bus';
import type { ChatHead } from '@parley/chat-state';
import { subjects, type ChatErrorKind, type TitleProposalReply } from '@parley/contracts';
import { ApiError } from '../http/api-error';

/** Longer than a worker lets a model take, and its entry in the ledger. */
const TIMEOUT_MS = 40_000;
const RETRY_AFTER = { headers: { 'retry-after': '1' } };

export interface TitleProposalsOptions {
  readonly bus: Bus;
  readonly createId: () => string;
}

export class TitleProposals {
  constructor(private readonly options: TitleProposalsOptions) {}

  /**
   * @param signal the asker went away
   * @throws ApiError
   */
  async propose(
    chat: Pick<ChatHead, 'id' | 'organizationId' | 'ownerId' | 'lastModelConfigId'>,
    { conversation, signal }: { readonly conversation: string; readonly signal: AbortSignal },
  ): Promise<string> {
    const { bus, createId } = this.options;
    const request = {
      proposal_id: createId(),
      chat_id: chat.id,
      organization_id: chat.organizationId,
      owner_id: chat.ownerId,
      model_config_id: chat.lastModelConfigId,
      conversation,
    };
    try {
      const options = { timeoutMs: TIMEOUT_MS, signal };
      return titleIn(await bus.request(subjects.titlePropose(), request, options));
    } catch (error) {
      if (signal.aborted || error instanceof RequestTimeoutError) {
        bus.publish(subjects.titleProposalDropped(), { proposal_id: request.proposal_id });
        throw signal.aborted ? clientIsGone() : tooLate();
      }
      if (error instanceof NoResponderError) throw noWorker();
      throw error;
    }
  }
}

function titleIn(reply: TitleProposalReply): string {
  switch (reply.result) {
    case 'title':
      return reply.title;
    case 'unusable':
      throw new ApiError(502, 'The model did not answer with a title: try again.');
    case 'timeout':
      throw tooLate();
    case 'dropped':
      throw clientIsGone();
    case 'busy':
      throw noWorker();
    case 'failed':
      throw new ApiError(statusOf(reply.kind), reply.message, {
        ...(reply.detail !== undefined && { detail: reply.detail }),
      });
  }
}

/** The provider is not ours: that it fails is 502. What its owner can mend, with another model or a key, is a conflict. */
function statusOf(kind: ChatErrorKind): number {
  switch (kind) {
    case 'config':
    case 'missing_key':
    case 'provider_disabled':
      return 409;
    case 'timeout':
    case 'stream_silence_timeout':
      return 504;
    case 'generic':
    case 'overloaded':
    case 'rate_limit':
    case 'auth':
    case 'usage_limit':
    case 'content_filter':
    case 'hook_denied':
    case 'hook_dispatch_failed':
      return 502;
  }
}

const tooLate = (): ApiError => new ApiError(504, 'The model did not answer in time: try again.');
const noWorker = (): ApiError =>
  new ApiError(503, 'No worker can ask the model now: try again.', RETRY_AFTER);
const clientIsGone = (): ApiError => new ApiError(499, 'The client closed the connection.');
