/** A provider as administrators see it: its key never leaves, only whether there is one. */
import type { Provider } from '@parley/contracts';
import type { ChatProvider } from '@parley/database';

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
