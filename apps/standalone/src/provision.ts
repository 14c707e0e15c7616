/**
 * Sets up a local Parley over its own HTTP API: the first user and a token, a provider and a model for each source of answers.
 * Every step looks first, so that it can run at each start.
 */
import { ApiError, ParleyClient } from '@parley/client';
import type { Model, Provider, ProviderType } from '@parley/contracts';
import type { Credentials, DataDirectory } from './data-directory';

/** Where answers come from: a real provider when its key is set, and the mock always. */
export interface AnswerSource {
  name: string;
  type: ProviderType;
  baseUrl?: string;
  apiKey: string;
  model: string;
  /** Tokens. */
  contextLimit: number;
}

export interface Provisioned {
  token: string;
  organizationId: string;
  credentials: Credentials;
}

const TOKEN_LIFETIME_NS = 365 * 24 * 3600 * 1e9;

/** The first source becomes the default model. */
export async function provision(
  url: string,
  options: { directory: DataDirectory; sources: readonly AnswerSource[] },
): Promise<Provisioned> {
  const credentials = await options.directory.credentials();
  const api = await signIn(new ParleyClient({ baseUrl: url }), credentials);
  if (credentials.token !== api.token && api.token !== undefined) {
    credentials.token = api.token;
    await options.directory.saveCredentials(credentials);
  }
  const organizationId = await defaultOrganization(api);
  for (const [index, source] of options.sources.entries()) {
    const provider = await ensureProvider(api, source);
    await ensureModel(api, { organizationId, provider, source, isDefault: index === 0 });
  }
  return { token: api.token ?? '', organizationId, credentials };
}

async function signIn(api: ParleyClient, credentials: Credentials): Promise<ParleyClient> {
  if (credentials.token !== undefined) {
    const known = api.withToken(credentials.token);
    if (await succeeds(known.call('GET', '/users/me'))) return known;
  }
  const { email, username, password } = credentials;
  if (!(await succeeds(api.call('GET', '/users/first'))))
    await api.call('POST', '/users/first', { email, username, password });
  const session = await api.call<{ session_token: string }>('POST', '/users/login', { email, password });
  const { key } = await api
    .withToken(session.session_token)
    .call<{ key: string }>('POST', '/users/me/keys/tokens', {
      token_name: 'local',
      lifetime: TOKEN_LIFETIME_NS,
    });
  return api.withToken(key);
}

async function defaultOrganization(api: ParleyClient): Promise<string> {
  const [organization] = await api.call<{ id: string }[]>('GET', '/users/me/organizations');
  if (organization === undefined) throw new Error('The first user belongs to no organization');
  return organization.id;
}

async function ensureProvider(api: ParleyClient, source: AnswerSource): Promise<Provider> {
  const providers = await api.call<Provider[]>('GET', '/chats/providers');
  const present = providers.find((provider) => provider.name === source.name);
  const settings = {
    api_key: source.apiKey,
    enabled: true,
    ...(source.baseUrl === undefined ? {} : { base_url: source.baseUrl }),
  };
  return present === undefined
    ? api.call('POST', '/chats/providers', { type: source.type, name: source.name, ...settings })
    : api.call('PATCH', `/chats/providers/${present.id}`, settings);
}

async function ensureModel(
  api: ParleyClient,
  wanted: { organizationId: string; provider: Provider; source: AnswerSource; isDefault: boolean },
): Promise<void> {
  const path = `/organizations/${wanted.organizationId}/chats/models`;
  const models = await api.call<Model[]>('GET', path);
  const present = models.find(
    (model) => model.ai_provider_id === wanted.provider.id && model.model === wanted.source.model,
  );
  if (present === undefined) {
    await api.call('POST', path, {
      ai_provider_id: wanted.provider.id,
      model: wanted.source.model,
      context_limit: wanted.source.contextLimit,
      is_default: wanted.isDefault,
    });
  } else if (wanted.isDefault && !present.is_default) {
    await api.call('PATCH', `${path}/${present.id}`, { is_default: true });
  }
}

/** False for a refusal by the API; anything else that fails is thrown. */
async function succeeds(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return false;
    throw error;
  }
}
