/**
 * Sets a deployment up for load over its own API: a provider that is the mock, a model, and users. Every step looks first, so that a
 * deployment can be used again. A provider of our name that is something else is refused: it may be somebody's. The users are the same in
 * each run, with passwords that nobody keeps; the tokens are of this run and go with it.
 */
import { randomBytes } from 'node:crypto';
import { ApiError, ParleyClient } from '@parley/client';
import type { Model, Provider } from '@parley/contracts';

export interface Provisioned {
  readonly organizationId: string;
  readonly modelConfigId: string;
  /** One a user. */
  readonly tokens: readonly string[];
  /** Deletes the tokens that were made. @throws ApiError, after all were tried */
  release(): Promise<void>;
}

export interface ProvisionOptions {
  readonly url: string;
  /** Of an administrator; undefined: the deployment is new and gets its first user. */
  readonly token: string | undefined;
  readonly mockUrl: string;
  readonly users: number;
  readonly runTag: string;
}

interface MadeToken {
  readonly userId: string;
  readonly key: string;
}

const PROVIDER_NAME = 'parley-scaletest';
const MODEL_NAME = 'scaletest';
/** Tokens, of the model that is made. */
export const CONTEXT_LIMIT = 1_000_000;

/** @throws ApiError, and Error when the provider's name is taken by something else */
export async function provision(options: ProvisionOptions): Promise<Provisioned> {
  const anonymous = new ParleyClient({ baseUrl: options.url });
  const token = options.token ?? (await firstUser(anonymous));
  const api = anonymous.withToken(token);
  const [organization] = await api.call<{ id: string }[]>('GET', '/users/me/organizations');
  if (organization === undefined) throw new Error('The owner of the token belongs to no organization');
  const provider = await ensureProvider(api, `${options.mockUrl}/v1`);
  const model = await ensureModel(api, organization.id, provider.id);
  const made: MadeToken[] = [];
  const release = (): Promise<void> => deleteTokens(api, made.splice(0));
  try {
    while (made.length + 1 < options.users) made.push(await tokenOf(api, made.length + 1, options.runTag));
  } catch (error) {
    await release();
    throw error;
  }
  return {
    organizationId: organization.id,
    modelConfigId: model.id,
    tokens: [token, ...made.map(({ key }) => key)],
    release,
  };
}

async function firstUser(api: ParleyClient): Promise<string> {
  const credentials = { email: 'scaletest@parley.test', password: randomBytes(12).toString('base64url') };
  await api.call('POST', '/users/first', { ...credentials, username: 'scaletest' });
  const session = await api.call<{ session_token: string }>('POST', '/users/login', credentials);
  return session.session_token;
}

async function tokenOf(api: ParleyClient, number: number, runTag: string): Promise<MadeToken> {
  const userId = await ensureUser(api, `parley-scaletest-${number}`);
  const { key } = await api.call<{ key: string }>('POST', `/users/${userId}/keys/tokens`, {
    token_name: `scaletest-${runTag}`,
  });
  return { userId, key };
}

async function ensureUser(api: ParleyClient, username: string): Promise<string> {
  try {
    return (await api.call<{ id: string }>('GET', `/users/${username}`)).id;
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
  }
  const user = await api.call<{ id: string }>('POST', '/users', {
    email: `${username}@parley.test`,
    username,
    password: randomBytes(12).toString('base64url'),
  });
  return user.id;
}

/** The id of a token is what comes before its secret. */
async function deleteTokens(api: ParleyClient, tokens: readonly MadeToken[]): Promise<void> {
  const failures: unknown[] = [];
  for (const { userId, key } of tokens)
    await api
      .call('DELETE', `/users/${userId}/keys/${key.split('-')[0] ?? ''}`)
      .catch((error: unknown) => failures.push(error));
  if (failures.length > 0) throw failures[0];
}

async function ensureProvider(api: ParleyClient, baseUrl: string): Promise<Provider> {
  const providers = await api.call<Provider[]>('GET', '/chats/providers');
  const present = providers.find(({ name }) => name === PROVIDER_NAME);
  const settings = { base_url: baseUrl, api_key: 'scaletest', enabled: true };
  if (present === undefined)
    return api.call('POST', '/chats/providers', { type: 'openai-compat', name: PROVIDER_NAME, ...settings });
  if (present.type !== 'openai-compat')
    throw new Error(`The provider "${PROVIDER_NAME}" is of type ${present.type}: rename it`);
  return present.base_url === baseUrl && present.enabled
    ? present
    : api.call('PATCH', `/chats/providers/${present.id}`, settings);
}

async function ensureModel(api: ParleyClient, organizationId: string, providerId: string): Promise<Model> {
  const path = `/organizations/${organizationId}/chats/models`;
  const models = await api.call<Model[]>('GET', path);
  const present = models.find(({ ai_provider_id: id, model }) => id === providerId && model === MODEL_NAME);
  if (present !== undefined) return present;
  const wanted = { ai_provider_id: providerId, model: MODEL_NAME, context_limit: CONTEXT_LIMIT };
  try {
    return await api.call<Model>('POST', path, wanted);
  } catch (error) {
    if (error instanceof ApiError) throw new Error(`The model could not be made: ${error.message}`);
    throw error;
  }
}
