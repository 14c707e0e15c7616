import { DEFAULT_SYSTEM_PROMPT } from '@parley/chat-settings';
import { sql } from '@parley/database';
import { userProviderKeyContext } from '@parley/identity';
import { addMember, idOf, provision, type Person, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

const config = '/api/v2/chats/config';
const NOBODY = '00000000-0000-4000-8000-000000000000';

let gateway: TestGateway;
let world: Provisioned;

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
});
afterAll(() => gateway.close());

const as = (person: Person, method: string, url: string, body?: unknown) =>
  gateway.call(method, url, { token: person.token, body });
const asAdmin = (method: string, url: string, body?: unknown) => as(world.admin, method, url, body);
const asMember = (method: string, url: string, body?: unknown) => as(world.member, method, url, body);
const fieldsOf = (reply: { body: unknown }) => [
  ...new Set((reply.body as { validations: { field: string }[] }).validations.map(({ field }) => field)),
];

async function addModel(fields: object = {}): Promise<string> {
  const url = `/api/v2/organizations/${world.organizationId}/chats/models`;
  const body = { ai_provider_id: world.providerId, model: 'm', context_limit: 1000, ...fields };
  return idOf((await asAdmin('POST', url, body)).body);
}

const selectSystem = sql(
  'spec_system_rows',
  `select content->0->>'text' as text, visibility from chat_messages where chat_id = $1 and role = 'system' order by id`,
);

async function newChat(person: Person, fields: object = {}) {
  const body = {
    organization_id: world.organizationId,
    content: [{ type: 'text', text: 'Hi' }],
    ...fields,
  };
  const reply = await as(person, 'POST', '/api/v2/chats', body);
  if (reply.status !== 201) return { reply, system: [] };
  const system = await gateway.testDatabase.database.query<{ text: string; visibility: string }>(
    selectSystem,
    [idOf(reply.body)],
  );
  return { reply, system };
}

describe("the deployment's settings", () => {
  test.each([
    ['system-prompt', { system_prompt: 'x' }],
    ['plan-mode-instructions', { plan_mode_instructions: 'x' }],
    ['personal-model-overrides', { allow_users: false }],
  ])('%s: 404 to read and 403 to write for all but administrators', async (name, body) => {
    expect((await asMember('GET', `${config}/${name}`)).status).toBe(404);
    expect((await asMember('PUT', `${config}/${name}`, body)).status).toBe(403);
    expect((await asAdmin('GET', `/api/experimental/chats/config/${name}`)).status).toBe(200);
  });

  test('the built-in prompt is in while there is no other, until somebody decides', async () => {
    const read = async () => (await asAdmin('GET', `${config}/system-prompt`)).body;
    const write = (body: object) => asAdmin('PUT', `${config}/system-prompt`, body);
    expect(await read()).toEqual({
      system_prompt: '',
      include_default_system_prompt: true,
      default_system_prompt: DEFAULT_SYSTEM_PROMPT,
    });
    expect((await write({ system_prompt: 'Mine.' })).status).toBe(204);
    expect(await read()).toMatchObject({ system_prompt: 'Mine.', include_default_system_prompt: false });
    await write({ system_prompt: '', include_default_system_prompt: false });
    expect(await read()).toMatchObject({ include_default_system_prompt: false });
    await write({ system_prompt: '', include_default_system_prompt: true });
  });

  test('a prompt loses what nobody sees, and has at most 128 KiB then', async () => {
    const write = (text: string) =>
      asAdmin('PUT', `${config}/plan-mode-instructions`, { plan_mode_instructions: text });
    await write('Plan\u200B \u{E0041}well.\u0000\n');
    expect((await asAdmin('GET', `${config}/plan-mode-instructions`)).body).toEqual({
      plan_mode_instructions: 'Plan well.\n',
    });
    const most = 'é'.repeat(64 * 1024);
    expect((await write(`${most}\u200B`)).status).toBe(204);
    const refused = await write(`${most}x`);
    expect([refused.status, fieldsOf(refused)]).toEqual([400, ['plan_mode_instructions']]);
    expect((await write('x'.repeat(256 * 1024))).status).toBe(413);
    await write('');
  });

  test('a chat is born with the prompts of that moment, which later changes do not touch', async () => {
    await asAdmin('PUT', `${config}/system-prompt`, {
      system_prompt: 'D.',
      include_default_system_prompt: false,
    });
    const organization = `/api/v2/organizations/${world.organizationId}/chats/config/system-prompt`;
    expect((await asAdmin('PUT', organization, { system_prompt: 'O.' })).status).toBe(204);
    expect((await asMember('PUT', organization, { system_prompt: 'x' })).status).toBe(403);
    expect((await asMember('GET', organization)).body).toEqual({ system_prompt: 'O.' });
    const { system, reply } = await newChat(world.member, { system_prompt: 'C.' });
    expect(system.map(({ text }) => text.slice(0, 2))).toEqual(['D.', 'O.', 'C.', 'No']);
    expect(system.every(({ visibility }) => visibility === 'model')).toBe(true);
    const messages = await asMember('GET', `/api/v2/chats/${idOf(reply.body)}/messages`);
    expect(JSON.stringify(messages.body)).not.toMatch(/D\.|O\.|C\./);
    await asAdmin('PUT', `${config}/system-prompt`, {
      system_prompt: '',
      include_default_system_prompt: true,
    });
    await asAdmin('PUT', organization, { system_prompt: '' });
    const { system: later } = await newChat(world.member);
    expect(later.map(({ text }) => text.split(' ')[0])).toEqual(['You', 'No']);
  });
});

describe("a user's settings", () => {
  test('the prompt is their own', async () => {
    expect((await asMember('PUT', `${config}/user-prompt`, { custom_prompt: 'Rhyme.\u202E' })).body).toEqual({
      custom_prompt: 'Rhyme.',
    });
    expect((await asMember('GET', `${config}/user-prompt`)).body).toEqual({ custom_prompt: 'Rhyme.' });
    expect((await asAdmin('GET', `${config}/user-prompt`)).body).toEqual({ custom_prompt: '' });
  });

  test('thresholds are whole percents of models that they may use', async () => {
    const url = `${config}/user-compaction-thresholds`;
    const set = (id: string, percent: unknown) =>
      asMember('PUT', `${url}/${id}`, { threshold_percent: percent });
    expect((await set(world.modelId, 0)).body).toEqual({
      model_config_id: world.modelId,
      threshold_percent: 0,
    });
    expect((await set(world.modelId, 100)).status).toBe(200);
    expect((await asMember('GET', url)).body).toEqual({
      thresholds: [{ model_config_id: world.modelId, threshold_percent: 100 }],
    });
    for (const percent of [-1, 101, 1.5, '5', null]) {
      const refused = await set(world.modelId, percent);
      expect([refused.status, fieldsOf(refused)]).toEqual([400, ['threshold_percent']]);
    }
    expect((await set(NOBODY, 5)).status).toBe(404);
    expect((await asMember('DELETE', `${url}/${world.modelId}`)).status).toBe(204);
    expect((await asMember('GET', url)).body).toEqual({ thresholds: [] });
  });
});

describe('overrides of models', () => {
  const organization = () => `/api/v2/organizations/${world.organizationId}`;
  const own = () => `${organization()}/members/me/chats/model-overrides`;

  test('of an organization are set by administrators for known purposes, and read by members', async () => {
    const url = `${organization()}/chats/model-overrides`;
    const set = (id: unknown, context = 'compaction') =>
      asAdmin('PUT', `${url}/${context}`, { model_config_id: id });
    const disabled = await addModel({ enabled: false });
    expect((await set(world.modelId)).status).toBe(204);
    expect((await asMember('GET', url)).body).toEqual({
      overrides: [{ context: 'compaction', model_config_id: world.modelId }],
    });
    for (const id of [NOBODY, '00000000-0000-0000-0000-000000000000', 'x', 1, disabled]) {
      const refused = await set(id);
      expect([refused.status, fieldsOf(refused)]).toEqual([400, ['model_config_id']]);
    }
    expect((await set(world.modelId, 'nonsense')).status).toBe(404);
    expect((await asMember('PUT', `${url}/general`, { model_config_id: '' })).status).toBe(403);
    expect((await set('')).status).toBe(204);
    expect((await asMember('GET', url)).body).toEqual({ overrides: [] });
  });

  test('of a user wait for the deployment, decide for chats that name no model, and are never replaced', async () => {
    const model = await addModel();
    const set = (body: object, context = 'root') => asMember('PUT', `${own()}/${context}`, body);
    const choice = { mode: 'model', model_config_id: model };
    const modelOf = async (fields: object = {}) =>
      ((await newChat(world.member, fields)).reply.body as { last_model_config_id: string })
        .last_model_config_id;
    expect((await set(choice)).status).toBe(403);
    await asAdmin('PUT', `${config}/personal-model-overrides`, { allow_users: true });
    expect(
      await asAdmin('PUT', `${organization()}/members/member/chats/model-overrides/root`, choice),
    ).toMatchObject({
      status: 403,
    });
    expect((await set(choice)).status).toBe(204);
    expect((await set({ mode: 'chat_default' }, 'explore')).status).toBe(204);
    for (const body of [
      { mode: 'model' },
      { mode: 'chat_default', model_config_id: model },
      { ...choice, model_config_id: NOBODY },
    ]) {
      const refused = await set(body);
      expect([refused.status, fieldsOf(refused)]).toEqual([400, ['model_config_id']]);
    }
    expect((await asMember('GET', own())).body).toEqual({
      enabled: true,
      root: { context: 'root', mode: 'model', model_config_id: model, is_set: true },
      general: { context: 'general', mode: 'deployment_default', model_config_id: '', is_set: false },
      explore: { context: 'explore', mode: 'chat_default', model_config_id: '', is_set: true },
      deployment_defaults: {
        general: { context: 'general', model_config_id: '' },
        explore: { context: 'explore', model_config_id: '' },
      },
    });
    expect(await modelOf()).toBe(model);
    expect(await modelOf({ model_config_id: world.modelId })).toBe(world.modelId);
    await asAdmin('PATCH', `${organization()}/chats/models/${model}`, { enabled: false });
    const { reply } = await newChat(world.member);
    expect([reply.status, fieldsOf(reply)]).toEqual([400, ['model_config_id']]);
    await asAdmin('PUT', `${config}/personal-model-overrides`, { allow_users: false });
    expect(await modelOf()).toBe(world.modelId);
  });
});

describe('keys of users', () => {
  test('are taken where the policy allows it, sealed for their user, and let them use the provider', async () => {
    const person = await addMember(gateway, 'keyholder');
    const provider = idOf(
      (
        await asAdmin('POST', '/api/v2/chats/providers', {
          type: 'openai',
          name: 'byok',
          api_key: 'sk-central',
          allow_user_api_key: true,
        })
      ).body,
    );
    const model = await addModel({ ai_provider_id: provider });
    const keys = '/api/v2/users/me/ai-provider-keys';
    const set = (id: string, apiKey: unknown = 'sk-mine') =>
      as(person, 'PUT', `${keys}/${id}`, { api_key: apiKey });
    expect((await newChat(person, { model_config_id: model })).reply.status).toBe(400);
    expect((await set(world.providerId)).status).toBe(403);
    expect((await set(NOBODY)).status).toBe(404);
    for (const key of ['', ' k', 'k\n', 'x'.repeat(10 * 1024 + 1), 'é', null]) {
      const refused = await set(provider, key);
      expect([refused.status, fieldsOf(refused)]).toEqual([400, ['api_key']]);
    }
    const stored = await set(provider);
    expect(stored.body).toEqual({
      provider: { id: provider, type: 'openai', name: 'byok', enabled: true },
      byok_enabled: true,
      has_user_api_key: true,
      has_provider_api_key: false,
    });
    expect((await newChat(person, { model_config_id: model })).reply.status).toBe(201);
    expect((await newChat(world.member, { model_config_id: model })).reply.status).toBe(400);
    const [row] = await gateway.testDatabase.database.query<{ sealed: Buffer; key_id: string }>(
      sql(
        'spec_user_key',
        'select api_key_encrypted as sealed, api_key_key_id as key_id from user_chat_provider_keys where user_id = $1',
      ),
      [person.id],
    );
    const secret = { ciphertext: row?.sealed ?? Buffer.alloc(0), keyId: row?.key_id ?? '' };
    expect(gateway.secretBox.open(secret, userProviderKeyContext(person.id))).toBe('sk-mine');
    expect(() => gateway.secretBox.open(secret, userProviderKeyContext(world.member.id))).toThrow();
    expect((await asAdmin('GET', `/api/v2/users/keyholder/ai-provider-keys`)).status).toBe(403);
    expect((await as(person, 'GET', '/api/experimental/chats/user-provider-configs')).body).toEqual([
      {
        provider_id: provider,
        provider: 'openai',
        display_name: 'byok',
        has_user_api_key: true,
        has_central_api_key_fallback: false,
      },
    ]);
    await asAdmin('PATCH', `/api/v2/chats/providers/${provider}`, { enabled: false });
    expect((await set(provider)).status).toBe(412);
    expect((await as(person, 'DELETE', `${keys}/${provider}`)).status).toBe(204);
    expect((await as(person, 'DELETE', `${keys}/${provider}`)).status).toBe(404);
  });

  test('a policy under which no key could be used is refused by its field', async () => {
    const patch = (body: object) => asAdmin('PATCH', `/api/v2/chats/providers/${world.providerId}`, body);
    const none = await patch({ central_api_key_enabled: false });
    expect([none.status, fieldsOf(none)]).toEqual([400, ['central_api_key_enabled']]);
    const fallback = await patch({ allow_central_api_key_fallback: true });
    expect([fallback.status, fieldsOf(fallback)]).toEqual([400, ['allow_central_api_key_fallback']]);
    const both = { allow_user_api_key: true, allow_central_api_key_fallback: true };
    expect((await patch(both)).body).toMatchObject({ ...both, central_api_key_enabled: true });
    await patch({ allow_user_api_key: false, allow_central_api_key_fallback: false });
  });
});
