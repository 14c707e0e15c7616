import Anthropic from '@anthropic-ai/sdk';
import { type ModelConnection, type ModelRuntime, requireApiKey } from '../model-connection';

/**
 * Builds and authenticates requests; retries, logs and what it would read from the environment are off.
 * @throws ModelError of kind `missing_key`
 */
export function anthropicSdk(
  connection: ModelConnection,
  { connections, silenceMs }: ModelRuntime,
): Anthropic {
  const baseUrl = connection.baseUrl ?? 'https://api.anthropic.com';
  return new Anthropic({
    apiKey: requireApiKey(connection),
    webhookKey: null,
    // The SDK adds /v1 itself.
    baseURL: baseUrl.replace(/(\/v1)?\/*$/, ''),
    maxRetries: 0,
    logLevel: 'off',
    timeout: silenceMs + 60_000,
    fetch: connections.fetch,
  });
}
