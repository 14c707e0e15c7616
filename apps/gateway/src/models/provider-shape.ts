/** A provider as administrators see it: its key never leaves, only whether there is one. */
import type { Provider, ProviderModels } from '@parley/contracts';
import type { ChatProvider } from '@parley/database';
import type { ListedModel } from '@parley/llm';

export const toProvider = (row: ChatProvider): Provider => ({
  id: row.id,
  type: row.type,
  name: row.name,
  ...(row.baseUrl === null ? {} : { base_url: row.baseUrl }),
  has_api_key: row.apiKeyEncrypted !== null,
  enabled: row.enabled,
  central_api_key_enabled: row.centralApiKeyEnabled,
  allow_user_api_key: row.allowUserApiKey,
  allow_central_api_key_fallback: row.allowCentralApiKeyFallback,
  created_at: row.createdAt.toISOString(),
  updated_at: row.updatedAt.toISOString(),
});

export const toListedModel = (model: ListedModel): ProviderModels['models'][number] => ({
  id: model.id,
  ...(model.displayName !== undefined && { display_name: model.displayName }),
  ...(model.contextLimit !== undefined && { context_limit: model.contextLimit }),
});
