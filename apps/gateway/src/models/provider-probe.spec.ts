import { sql } from '@parley/database';
import { LlmMock } from '@parley/llmmock';
import { idOf, provision, type Provisioned } from '../testing/provision';
import { startGateway, type TestGateway } from '../testing/start-gateway';

const providers = '/api/v2/chats/providers';
const mock = new LlmMock();
let url: string;
let gateway: TestGateway;
let world: Provisioned;

beforeAll(async () => {
  ({ url } = await mock.start({ apiKey: 'right' }));
  gateway = await startGateway();
  world = await provision(gateway);
});
afterAll(async () => {
  await gateway.close();
  await mock.stop();
});

const asAdmin = (method: string, path: string, body?: unknown) =>
  gateway.call(method, path, { token: world.admin.token, body });

async function newProvider(type: string, fields: object = {}): Promise<string> {
  const base_url = type === 'anthropic' ? url : `${url}/v1`;
  return idOf(
    (await asAdmin('POST', providers, { type, name: `${type} ${Math.random()}`, base_url, ...fields })).body,
  );
}

describe('asking a provider', () => {
  test.each(['openai', 'openai-compat', 'openrouter', 'anthropic'])(
    '%s: its models are listed with the stored key, and a key is tested before it is stored',
    async (type) => {
      const id = await newProvider(type, { api_key: 'right' });
      const listed = await asAdmin('GET', `${providers}/${id}/models`);
      expect(listed).toMatchObject({ status: 200, body: { available: true } });
      const { models } = listed.body as { models: { id: string; context_limit?: number }[] };
      expect(models.map((model) => model.id)).toEqual([
        'mock-model',
        'mock-reasoning-model',
        'mock-small-model',
      ]);
      expect(models[0]?.context_limit).toBe(type === 'anthropic' ? 200_000 : undefined);
      const test = (body: object) => asAdmin('POST', `${providers}/${id}/test`, body);
      expect((await test({})).body).toEqual({ ok: true, model_count: 3 });
      const refused = await test({ api_key: 'wrong' });
      expect(refused).toMatchObject({
        status: 200,
        body: { ok: false, error: { kind: 'auth', status_code: 401, retryable: false, provider: type } },
      });
      expect((await asAdmin('GET', `${providers}/${id}/models`)).body).toMatchObject({ available: true });
    },
  );

  test('what goes wrong there is said, and never a failure of ours', async () => {
    const errorOf = async (id: string) => {
      const reply = await asAdmin('GET', `${providers}/${id}/models`);
      expect([reply.status, (reply.body as { available: boolean }).available]).toEqual([200, false]);
      return (reply.body as { error: object }).error;
    };
    expect(await errorOf(await newProvider('openai'))).toMatchObject({ kind: 'missing_key' });
    const lost = await newProvider('openai', { api_key: 'right' });
    await gateway.testDatabase.database.query(
      sql('spec_lose_key', `update chat_providers set api_key_key_id = 'lost' where id = $1`),
      [lost],
    );
    expect(await errorOf(lost)).toMatchObject({
      kind: 'missing_key',
      detail: expect.stringContaining('decrypted') as string,
    });
    const away = { api_key: 'k', base_url: 'http://127.0.0.1:9/v1' };
    expect(await errorOf(await newProvider('openai', away))).toMatchObject({ kind: 'timeout' });
    const elsewhere = { api_key: 'right', base_url: `${url}/v2` };
    expect(await errorOf(await newProvider('openai-compat', elsewhere))).toMatchObject({ status_code: 404 });
    const noList = { api_key: 'right', base_url: `${url}/health` };
    expect(await errorOf(await newProvider('openai-compat', noList))).toMatchObject({ retryable: false });
  });

  test('is for administrators', async () => {
    const id = await newProvider('openai', { api_key: 'right' });
    const asMember = (method: string, path: string) =>
      gateway.call(method, path, { token: world.member.token, body: {} });
    expect((await asMember('GET', `${providers}/${id}/models`)).status).toBe(404);
    expect((await asMember('POST', `${providers}/${id}/test`)).status).toBe(403);
    const unknown = `${providers}/00000000-0000-4000-8000-000000000000`;
    expect((await asAdmin('GET', `${unknown}/models`)).status).toBe(404);
    expect((await asAdmin('POST', `${unknown}/test`, { api_key: '' })).status).toBe(400);
  });
});
