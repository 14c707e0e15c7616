import OpenAI from 'openai';
import { ModelError } from '../errors';
import { type ModelConnection, type ModelRuntime, requireApiKey } from './model-connection';

/**
 * An SDK client for anything that speaks OpenAI's protocols. It only builds and authenticates requests: retries, logs and what it would
 * read from the environment are off.
 * @throws ModelError of kind `missing_key` or `config`
 */
export function openAiSdk(connection: ModelConnection, { connections, silenceMs }: ModelRuntime): OpenAI {
  return new OpenAI({
    ...credentialsOf(connection),
    baseURL: baseUrlOf(connection),
    organization: null,
    project: null,
    adminAPIKey: null,
    webhookSecret: null,
    maxRetries: 0,
    logLevel: 'off',
    // The silence guard decides; this only keeps the SDK from deciding first.
    timeout: silenceMs + 60_000,
    fetch: connections.fetch,
  });
}

function credentialsOf(connection: ModelConnection) {
  const { type, apiKey } = connection;
  switch (type) {
    case 'azure': {
      const key = requireApiKey(connection);
      return { apiKey: key, defaultHeaders: { 'api-key': key, authorization: null } };
    }
    case 'openai-compat':
      if (apiKey === undefined || apiKey === '') {
        return { apiKey: 'none', defaultHeaders: { authorization: null } };
      }
      return { apiKey };
    case 'openai':
    case 'openrouter':
    case 'anthropic':
      return { apiKey: requireApiKey(connection) };
  }
}

function baseUrlOf({ type, baseUrl }: ModelConnection): string {
  const given = baseUrl?.replace(/\/+$/, '');
  switch (type) {
    case 'openai':
    case 'anthropic':
      return given ?? 'https://api.openai.com/v1';
    case 'openrouter':
      return given ?? 'https://openrouter.ai/api/v1';
    case 'openai-compat':
      return given ?? missingBaseUrl(type);
    case 'azure':
      return azureBaseUrl(given ?? missingBaseUrl(type));
  }
}

/** The resource's address as the portal shows it, or with the path of the v1 API. */
function azureBaseUrl(baseUrl: string): string {
  return new URL(baseUrl).pathname === '/' ? `${baseUrl}/openai/v1` : baseUrl;
}

function missingBaseUrl(provider: string): never {
  throw new ModelError({
    kind: 'config',
    retryable: false,
    provider,
    detail: 'The provider has no base URL.',
  });
}
