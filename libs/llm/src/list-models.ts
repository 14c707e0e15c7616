/**
 * Asks a provider which models it has: what administrators choose from, and the cheapest question that only a valid key answers.
 */
import { systemClock, type ChatError } from '@parley/contracts';
import { anthropicSdk } from './adapters/anthropic/sdk';
import { apiOf, type ModelConnection } from './adapters/model-connection';
import { openAiSdk } from './adapters/openai-sdk';
import { classifyModelError } from './classify-model-error';
import { ModelError } from './errors';
import { isJsonObject, parseJson, stringAt } from './json';
import type { ProviderConnections } from './transport/provider-connections';

const TIMEOUT_MS = 15_000;
const MAX_MODELS = 2_000;
const ANTHROPIC_PAGE = 1_000;

export interface ListedModel {
  readonly id: string;
  readonly displayName?: string;
  /** Tokens, where the provider says so. */
  readonly contextLimit?: number;
}

export type ModelList =
  | { readonly ok: true; readonly models: readonly ListedModel[] }
  | { readonly ok: false; readonly error: ChatError };

export type ListedProvider = Omit<ModelConnection, 'modelName' | 'useResponsesApi' | 'contextLimit'>;

/** At most 2,000 models, sorted by id. What goes wrong is an answer too. @throws nothing */
export async function listModels(
  provider: ListedProvider,
  { connections, signal }: { connections: ProviderConnections; signal: AbortSignal },
): Promise<ModelList> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await ask(provider, connections, deadline);
    const models = readModels(parseJson(await response.text()));
    if (models === undefined) throw notAList(provider);
    return { ok: true, models };
  } catch (error) {
    const failure = classifyModelError(error, { provider: provider.type, signal: deadline });
    return { ok: false, error: failure.toChatError() };
  }
}

async function ask(
  provider: ListedProvider,
  connections: ProviderConnections,
  signal: AbortSignal,
): Promise<Response> {
  const connection = { ...provider, modelName: '' };
  const runtime = { connections, clock: systemClock, silenceMs: TIMEOUT_MS };
  switch (apiOf(connection)) {
    case 'messages':
      return anthropicSdk(connection, runtime)
        .get('/v1/models', { query: { limit: ANTHROPIC_PAGE }, signal })
        .asResponse();
    case 'responses':
    case 'chat-completions':
      return openAiSdk(connection, runtime).get('/models', { signal }).asResponse();
  }
}

/** Undefined when it is no list of models. */
function readModels(body: unknown): ListedModel[] | undefined {
  const entries = isJsonObject(body) ? body['data'] : undefined;
  if (!Array.isArray(entries)) return undefined;
  const models = entries.flatMap((entry: unknown): ListedModel[] => {
    const id = stringAt(entry, 'id');
    if (id === undefined || id === '' || !isJsonObject(entry)) return [];
    const displayName = stringAt(entry, 'display_name') ?? stringAt(entry, 'name');
    // Anthropic's name, OpenRouter's, and that of vLLM.
    const limit = entry['max_input_tokens'] ?? entry['context_length'] ?? entry['max_model_len'];
    return [
      {
        id,
        ...(displayName !== undefined && { displayName }),
        ...(Number.isSafeInteger(limit) && { contextLimit: Number(limit) }),
      },
    ];
  });
  return models.sort((left, right) => (left.id < right.id ? -1 : 1)).slice(0, MAX_MODELS);
}

function notAList({ type }: ListedProvider): ModelError {
  const detail = 'The answer is no list of models: check the base URL.';
  return new ModelError({ kind: 'config', retryable: false, provider: type, detail });
}
