/** What most specs of the gateway begin with: an administrator, a plain member, a provider and a model. */
import type { TestGateway } from './start-gateway';

export interface Person {
  readonly id: string;
  readonly token: string;
}

export interface Provisioned {
  readonly admin: Person;
  readonly member: Person;
  readonly organizationId: string;
  readonly providerId: string;
  readonly modelId: string;
}

export async function provision(gateway: TestGateway): Promise<Provisioned> {
  const { identity, call } = gateway;
  const input = { email: 'admin@example.com', username: 'admin', name: 'Admin', password: 'admin password' };
  const { userId, organizationId } = await identity.createFirstUser(input);
  const { token } = await identity.createToken({ userId });
  const member = await addMember(gateway, 'member');
  const provider = await call('POST', '/api/v2/chats/providers', {
    token,
    body: { type: 'openai', name: 'main', api_key: 'sk-secret' },
  });
  const providerId = idOf(provider.body);
  const model = await call('POST', `/api/v2/organizations/${organizationId}/chats/models`, {
    token,
    body: { ai_provider_id: providerId, model: 'gpt-5', context_limit: 100_000 },
  });
  return { admin: { id: userId, token }, member, organizationId, providerId, modelId: idOf(model.body) };
}

export async function addMember({ identity }: TestGateway, username: string): Promise<Person> {
  const { id } = await identity.createUser({
    email: `${username}@example.com`,
    username,
    name: '',
    password: 'a plain password',
    isAdmin: false,
  });
  return { id, token: (await identity.createToken({ userId: id })).token };
}

export function idOf(body: unknown): string {
  if (typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string')
    return body.id;
  throw new Error(`no id in ${JSON.stringify(body)}`);
}
