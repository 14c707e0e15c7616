/**
 * Calls a provider on behalf of an administrator: which models it has, and whether a key is good. The one place where the gateway
 * talks to providers; what goes wrong there is an answer, not a failure of ours.
 */
import type { BeforeApplicationShutdown } from '@nestjs/common';
import type { ChatProvider } from '@parley/database';
import { PROVIDER_KEY_CONTEXT, SecretUnreadableError, type SecretBox } from '@parley/identity';
import { listModels, ModelError, ProviderConnections, type ModelList } from '@parley/llm';

export class ProviderProbe implements BeforeApplicationShutdown {
  private readonly connections = new ProviderConnections();
  private readonly stopping = new AbortController();

  constructor(private readonly secretBox: SecretBox) {}

  /** `apiKey` absent: the stored one. */
  async models(provider: ChatProvider, apiKey?: string): Promise<ModelList> {
    const { id, type, baseUrl } = provider;
    try {
      const key = apiKey ?? this.storedKey(provider);
      return await listModels(
        { providerId: id, type, baseUrl: baseUrl ?? undefined, apiKey: key },
        { connections: this.connections, signal: this.stopping.signal },
      );
    } catch (error) {
      if (!(error instanceof SecretUnreadableError)) throw error;
      const detail = 'The stored API key cannot be decrypted: enter it again.';
      const failure = new ModelError({ kind: 'missing_key', retryable: false, provider: type, detail });
      return { ok: false, error: failure.toChatError() };
    }
  }

  beforeApplicationShutdown(): void {
    this.stopping.abort();
    this.connections.close();
  }

  private storedKey({ apiKeyEncrypted: ciphertext, apiKeyKeyId: keyId }: ChatProvider): string | undefined {
    if (ciphertext === null || keyId === null) return undefined;
    return this.secretBox.open({ ciphertext, keyId }, PROVIDER_KEY_CONTEXT);
  }
}
