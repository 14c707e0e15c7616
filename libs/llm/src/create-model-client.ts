/**
 * Makes the `ModelClient` of one configured model: the official SDK builds and authenticates the request, `streamParts` reads the answer,
 * one request builder and one decoder an API know its words.
 */
import { type Clock, systemClock } from '@parley/contracts';
import { MessagesDecoder } from './adapters/anthropic/decoder';
import { withinPdfLimit } from './adapters/anthropic/pdf-limit';
import { messagesRequest } from './adapters/anthropic/request';
import { anthropicSdk } from './adapters/anthropic/sdk';
import { betasOf } from './adapters/anthropic/tools';
import { apiOf, type ModelConnection, type ModelRuntime } from './adapters/model-connection';
import { ChatDecoder } from './adapters/openai-chat/decoder';
import { chatRequest } from './adapters/openai-chat/request';
import { ResponsesDecoder } from './adapters/openai-responses/decoder';
import { responsesRequest } from './adapters/openai-responses/request';
import { openAiSdk } from './adapters/openai-sdk';
import { refusedSeal } from './classify-model-error';
import { withoutToolUse } from './compaction/prompt-size';
import type { ModelClient, ModelRequest } from './model-client';
import { withoutSeals } from './prompt/without-seals';
import type { ProviderConnections } from './transport/provider-connections';
import { DEFAULT_SILENCE_MS, type StreamDecoder, streamParts } from './transport/stream-parts';

export interface ModelClientOptions {
  /** Shared by all clients of the process. */
  readonly connections: ProviderConnections;
  readonly clock?: Clock;
  /** How long a stream may bring no part. */
  readonly silenceMs?: number;
}

/** Lets models that have it take a context of a million tokens. */
const CONTEXT_1M_BETA = 'context-1m-2025-08-07';

interface Api {
  readonly send: (request: ModelRequest, signal: AbortSignal) => Promise<Response>;
  readonly decoder: () => StreamDecoder;
}

/** @throws ModelError of kind `missing_key` or `config` when the connection cannot work */
export function createModelClient(connection: ModelConnection, options: ModelClientOptions): ModelClient {
  const runtime: ModelRuntime = {
    connections: options.connections,
    clock: options.clock ?? systemClock,
    silenceMs: options.silenceMs ?? DEFAULT_SILENCE_MS,
  };
  const api = createApi(connection, runtime);
  const provider = connection.type;
  return {
    provider,
    modelName: connection.modelName,
    stream: (request, signal) =>
      streamParts(
        {
          ...runtime,
          provider,
          decoder: api.decoder(),
          send: (requestSignal) => sendSealed(api, request, requestSignal),
        },
        signal,
      ),
  };
}

function createApi(connection: ModelConnection, runtime: ModelRuntime): Api {
  switch (apiOf(connection)) {
    case 'responses': {
      const sdk = openAiSdk(connection, runtime);
      return {
        send: (request, signal) =>
          sdk.responses.create(responsesRequest(request, connection), { signal }).asResponse(),
        decoder: () => new ResponsesDecoder(connection.providerId),
      };
    }
    case 'chat-completions': {
      const sdk = openAiSdk(connection, runtime);
      return {
        send: (request, signal) =>
          sdk.chat.completions.create(chatRequest(request, connection), { signal }).asResponse(),
        decoder: () => new ChatDecoder(connection),
      };
    }
    case 'messages': {
      const sdk = anthropicSdk(connection, runtime);
      return {
        // Not `messages.create`: it writes warnings about old models to the console, with every request.
        send: (request, signal) =>
          sdk
            .post('/v1/messages', {
              body: messagesRequest(withinPdfLimit(request, connection.contextLimit), connection),
              signal,
              stream: true,
              ...betaHeader(request),
            })
            .asResponse(),
        decoder: () => new MessagesDecoder(connection),
      };
    }
  }
}

/**
 * Providers come to refuse what they have sealed themselves (another key or account behind the same address, keys changed, an item that
 * they forgot), and some refuse calls that another model made without the seals that theirs have. They would refuse every later request
 * of the chat for it. Then the model is asked without, once, in the same attempt.
 */
async function sendSealed(api: Api, request: ModelRequest, signal: AbortSignal): Promise<Response> {
  try {
    return await api.send(request, signal);
  } catch (error) {
    switch (refusedSeal(error)) {
      case 'invalid':
        if (!hasSeals(request)) throw error;
        return api.send(withoutSeals(request), signal);
      case 'missing':
        return api.send({ ...request, messages: withoutToolUse(request.messages) }, signal);
      case undefined:
        throw error;
    }
  }
}

function hasSeals({ messages }: ModelRequest): boolean {
  return messages.some(
    (message) =>
      message.role === 'assistant' && message.parts.some((part) => part.providerMetadata !== undefined),
  );
}

function betaHeader(request: ModelRequest): { headers?: Record<string, string> } {
  const isLarge = request.settings.anthropic?.context_1m_enabled === true;
  const betas = [...(isLarge ? [CONTEXT_1M_BETA] : []), ...betasOf(request)];
  return betas.length === 0 ? {} : { headers: { 'anthropic-beta': betas.join(',') } };
}
