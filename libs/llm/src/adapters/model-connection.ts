import type { Clock, ProviderType } from '@parley/contracts';
import { ModelError } from '../errors';
import type { ProviderConnections } from '../transport/provider-connections';

/** Where a model is and how to be let in. */
export interface ModelConnection {
  /** Identifies the provider among those configured: what it has encrypted is replayed to nobody else. */
  readonly providerId: string;
  readonly type: ProviderType;
  /** Without it the provider's public address; `openai-compat` and `azure` have none. */
  readonly baseUrl?: string | undefined;
  /** Only `openai-compat` may lack it. */
  readonly apiKey?: string | undefined;
  readonly modelName: string;
  readonly useResponsesApi?: boolean | undefined;
  /** Tokens; how many pages a PDF may have depends on it. */
  readonly contextLimit?: number | undefined;
}

/** What every adapter needs beside the connection. */
export interface ModelRuntime {
  readonly connections: ProviderConnections;
  readonly clock: Clock;
  readonly silenceMs: number;
}

export type ModelApi = 'responses' | 'chat-completions' | 'messages';

/** The API is settled here once, so that options are only ever built for the API that gets them. */
export function apiOf({
  type,
  useResponsesApi,
}: Pick<ModelConnection, 'type' | 'useResponsesApi'>): ModelApi {
  switch (type) {
    case 'anthropic':
      return 'messages';
    case 'openai':
    case 'azure':
      return (useResponsesApi ?? true) ? 'responses' : 'chat-completions';
    case 'openai-compat':
    case 'openrouter':
      return (useResponsesApi ?? false) ? 'responses' : 'chat-completions';
  }
}

/** @throws ModelError of kind `missing_key` */
export function requireApiKey({ type, apiKey }: ModelConnection): string {
  if (apiKey !== undefined && apiKey !== '') return apiKey;
  throw new ModelError({ kind: 'missing_key', retryable: false, provider: type });
}
