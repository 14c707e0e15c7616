import { PROVIDER_KEY_CONTEXT } from '@parley/identity';
import { ChatProvider } from '@parley/database';
import { subjects, type ConfigChanged, type Model } from '@parley/contracts';
import { eventually } from '@parley/testing';
import { idOf, provision, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

let gateway: TestGateway;
let world: Provisioned;
const providers = '/api/v2/chats/providers';
let models: string;

beforeAll(async () => {
  gateway = await startGateway();
  world = await provision(gateway);
  models = `/api/v2/organizations/${world.organizationId}/chats/models`;
});
afterAll(() => gateway.close());

const asAdmin = (method: string, url: string, body?: unknown) =>
  gateway.call(method, url, { token: world.admin.token, body });
const defaults = async () =>
  ((await asAdmin('GET', models)).body as Model[]).filter((model) => model.is_default).map(({ id }) => id);
const addModel = async (fields: object) =>
  idOf(
    (
      await asAdmin('POST', models, {
        ai_provider_id: world.providerId,
        model: 'm',
        context_limit: 1000,
        ...fields,
      })
    ).body,
  );

describe('providers', () => {
  test('keys are sealed in the database and never returned', async () => {
    const reply = await asAdmin('GET', `${providers}/${world.providerId}`);
    expect(reply).toMatchObject({ status: 200, body: { type: 'openai', name: 'main', has_api_key: true } });
    expect(reply.text).not.toContain('sk-secret');
    const row = await gateway.testDatabase.database
      .repository(ChatProvider)
      .findOneByOrFail({ id: world.providerId });
    expect(row.apiKeyEncrypted?.includes('sk-')).toBe(false);
    const sealed = { ciphertext: row.apiKeyEncrypted ?? Buffer.alloc(0), keyId: row.apiKeyKeyId ?? '' };
    expect(gateway.secretBox.open(sealed, PROVIDER_KEY_CONTEXT)).toBe('sk-secret');
  });

  test('a change is announced; an empty key removes it; a taken name and a missing address are named', async () => {
    const heard: ConfigChanged[] = [];
    const subscription = await gateway.bus.subscribe(subjects.configChanged('providers'), (payload) => {
      heard.push(payload);
    });
    const created = await asAdmin('POST', providers, { type: 'anthropic', name: 'second', api_key: 'k' });
    const url = `${providers}/${idOf(created.body)}`;
    expect(created).toMatchObject({ status: 201, body: { has_api_key: true } });
    expect(await asAdmin('PATCH', url, { api_key: '' })).toMatchObject({
      status: 200,
      body: { has_api_key: false },
    });
    expect(await asAdmin('PATCH', url, { name: 'main' })).toMatchObject({
      status: 409,
      body: { validations: [{ field: 'name' }] },
    });
    expect(await asAdmin('POST', providers, { type: 'openai-compat', name: 'x' })).toMatchObject({
      status: 400,
      body: { validations: [{ field: 'base_url' }] },
    });
    for (const api_key of ['a\nb', 'ключ', ' k']) {
      const refused = { status: 400, body: { validations: [{ field: 'api_key' }] } };
      expect(await asAdmin('PATCH', url, { api_key })).toMatchObject(refused);
    }
    expect((await asAdmin('DELETE', url)).status).toBe(204);
    expect((await asAdmin('GET', url)).status).toBe(404);
    expect((await asAdmin('DELETE', url)).status).toBe(404);
    await eventually(() => heard.length === 3);
    await subscription.drain();
  });

  test('a provider that models refer to is not deleted', async () => {
    expect((await asAdmin('DELETE', `${providers}/${world.providerId}`)).status).toBe(409);
  });

  test('others find nothing to read and may not write', async () => {
    const asMember = (method: string, url: string) =>
      gateway.call(method, url, { token: world.member.token, body: { type: 'openai', name: 'y' } });
    expect((await asMember('GET', providers)).status).toBe(404);
    expect((await asMember('GET', `${providers}/${world.providerId}`)).status).toBe(404);
    expect((await asMember('POST', providers)).status).toBe(403);
    expect((await asMember('PATCH', `${providers}/${world.providerId}`)).status).toBe(403);
    expect((await asMember('DELETE', `${providers}/${world.providerId}`)).status).toBe(403);
  });
});

describe('models', () => {
  test('the first model is the default, and there is always exactly one', async () => {
    expect(await defaults()).toEqual([world.modelId]);
    const second = await addModel({ is_default: true });
    expect(await defaults()).toEqual([second]);
    await asAdmin('PATCH', `${models}/${second}`, { enabled: false });
    expect(await defaults()).toEqual([world.modelId]);
    await asAdmin('PATCH', `${models}/${second}`, { enabled: true, is_default: true });
    expect(await defaults()).toEqual([second]);
    await asAdmin('PATCH', `${models}/${second}`, { is_default: false });
    expect(await defaults()).toHaveLength(1);
    expect((await asAdmin('DELETE', `${models}/${second}`)).status).toBe(204);
    expect(await defaults()).toEqual([world.modelId]);
    expect((await asAdmin('GET', `${models}/${second}`)).status).toBe(404);
  });

  test('concurrent writes leave exactly one default', async () => {
    const ids = await Promise.all(Array.from({ length: 6 }, () => addModel({ is_default: true })));
    await Promise.all(ids.map((id) => asAdmin('PATCH', `${models}/${id}`, { is_default: true })));
    expect(await defaults()).toHaveLength(1);
    await Promise.all(ids.map((id) => asAdmin('DELETE', `${models}/${id}`)));
    expect(await defaults()).toEqual([world.modelId]);
  });

  test('a disabled provider hands the default over, and a disabled model cannot become it', async () => {
    const other = idOf(
      (await asAdmin('POST', providers, { type: 'anthropic', name: 'other', api_key: 'k' })).body,
    );
    const id = await addModel({ ai_provider_id: other, is_default: true });
    expect(await defaults()).toEqual([id]);
    await asAdmin('PATCH', `${providers}/${other}`, { enabled: false });
    expect(await defaults()).toEqual([world.modelId]);
    expect(await asAdmin('PATCH', `${models}/${id}`, { is_default: true })).toMatchObject({
      status: 400,
      body: { validations: [{ field: 'is_default' }] },
    });
    await asAdmin('DELETE', `${models}/${id}`);
  });

  test('the compression threshold depends on the size of the window', async () => {
    const large = await addModel({ context_limit: 500_000 });
    expect((await asAdmin('GET', `${models}/${large}`)).body).toMatchObject({ compression_threshold: 30 });
    expect((await asAdmin('GET', `${models}/${world.modelId}`)).body).toMatchObject({
      compression_threshold: 70,
    });
    await asAdmin('DELETE', `${models}/${large}`);
  });

  test('what cannot be called is refused by its name', async () => {
    const body = { ai_provider_id: world.providerId, model: 'm', context_limit: 1000 };
    const refused = async (fields: object) => {
      const reply = await asAdmin('POST', models, { ...body, ...fields });
      expect(reply.status).toBe(400);
      return (reply.body as { validations: { field: string }[] }).validations.map(({ field }) => field);
    };
    expect(await refused({ ai_provider_id: world.organizationId })).toEqual(['ai_provider_id']);
    expect(await refused({ context_limit: 0 })).toEqual(['context_limit']);
    expect(await refused({ model: ' ' })).toEqual(['model']);
    const effort = { reasoning_effort: { default: 'high', max: 'low' } };
    expect(await refused({ model_config: effort })).toEqual(['model_config.reasoning_effort.default']);
  });

  test('an option that the API of the model does not take is refused by its name, and never dropped', async () => {
    const chat = { use_responses_api: false, provider_options: { openai: { include: [] } } };
    const body = { ai_provider_id: world.providerId, model: 'm', context_limit: 1000 };
    const refused = await asAdmin('POST', models, { ...body, model_config: chat });
    const include = 'model_config.provider_options.openai.include';
    expect(refused).toMatchObject({ status: 400, body: { validations: [{ field: include }] } });
    const id = await addModel({ model_config: { ...chat, use_responses_api: true } });
    const change = await asAdmin('PATCH', `${models}/${id}`, { model_config: chat });
    expect(change).toMatchObject({ status: 400, body: { validations: [{ field: include }] } });
    const unknown = await asAdmin('PATCH', `${models}/${id}`, { model_config: { temprature: 1 } });
    expect(unknown).toMatchObject({
      status: 400,
      body: { validations: [{ field: 'model_config.temprature' }] },
    });
    expect((await asAdmin('GET', `${models}/${id}`)).body).toMatchObject({
      model_config: { use_responses_api: true, provider_options: { openai: { include: [] } } },
    });
    await asAdmin('DELETE', `${models}/${id}`);
  });

  test('members list, only administrators change, and strangers find nothing', async () => {
    const asMember = (method: string, url: string) =>
      gateway.call(method, url, { token: world.member.token, body: {} });
    expect((await asMember('GET', models)).status).toBe(200);
    expect((await asMember('DELETE', `${models}/${world.modelId}`)).status).toBe(403);
    const elsewhere = '/api/v2/organizations/00000000-0000-4000-8000-000000000000/chats/models';
    expect((await asMember('GET', elsewhere)).status).toBe(404);
    expect((await asAdmin('GET', elsewhere)).status).toBe(404);
  });
});
