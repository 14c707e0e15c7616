import { ModelChoices } from './model-choices';

const model = (id: string, fields: object = {}) => ({
  id,
  ai_provider_id: 'provider',
  enabled: true,
  provider_enabled: true,
  has_credential: true,
  allows_user_key: false,
  is_default: false,
  ...fields,
});

type Settings = ConstructorParameters<typeof ModelChoices>[0]['settings'];
const noSettings: Settings = { personalModelOverride: async () => undefined, hasOwnKey: async () => false };

function setUp(models: ReturnType<typeof model>[], settings: Partial<Settings> = {}) {
  const clock = { time: 0 };
  const reads: string[] = [];
  const choices = new ModelChoices({
    readModels: async (organizationId) => {
      reads.push(organizationId);
      return models;
    },
    readOrganizationOf: async (chatId) => {
      reads.push(chatId);
      return chatId === 'unknown' ? null : 'org';
    },
    settings: { ...noSettings, ...settings },
    now: () => clock.time,
  });
  const choose = (requestedId?: string | null) =>
    choices.choose({ organizationId: 'org', userId: 'user', requestedId });
  return { choices, choose, clock, reads };
}

const refusal = (detail: string) => ({ status: 400, validations: [{ field: 'model_config_id', detail }] });

describe('model choices', () => {
  test('the default is chosen when nothing is asked for, and one read serves ten seconds', async () => {
    const { choices, choose, clock, reads } = setUp([model('a'), model('b', { is_default: true })]);
    expect(await Promise.all([choose(), choose(null)])).toEqual(['b', 'b']);
    clock.time = 9_999;
    expect(await choose('a')).toBe('a');
    expect(reads).toEqual(['org']);
    clock.time = 10_000;
    await choose();
    choices.invalidate();
    await choose();
    expect(reads).toEqual(['org', 'org', 'org']);
  });

  test('what cannot be used is refused, each for its reason', async () => {
    const { choose } = setUp([
      model('off', { enabled: false }),
      model('dead', { provider_enabled: false }),
      model('keyless', { has_credential: false }),
    ]);
    await expect(choose('none')).rejects.toMatchObject(refusal('is no model of this organization'));
    await expect(choose('off')).rejects.toMatchObject(refusal('is disabled'));
    await expect(choose('dead')).rejects.toMatchObject(refusal('has a disabled provider'));
    await expect(choose('keyless')).rejects.toMatchObject(refusal('has a provider without an API key'));
    await expect(choose()).rejects.toMatchObject({ status: 400 });
  });

  test('a message that names no model reads nothing, and a chat is looked up once', async () => {
    const { choices, reads } = setUp([model('a')]);
    expect(await choices.chooseForChat('chat', { userId: 'user', requestedId: undefined })).toBeUndefined();
    expect(reads).toEqual([]);
    expect(await choices.chooseForChat('chat', { userId: 'user', requestedId: 'a' })).toBe('a');
    expect(await choices.chooseForChat('chat', { userId: 'user', requestedId: 'a' })).toBe('a');
    expect(await choices.chooseForChat('unknown', { userId: 'user', requestedId: 'a' })).toBeUndefined();
    expect(reads).toEqual(['chat', 'org', 'unknown']);
  });

  test('a failed read is not remembered', async () => {
    let isDown = true;
    const choices = new ModelChoices({
      readModels: async () => {
        if (isDown) throw new Error('away');
        return [model('a', { is_default: true })];
      },
      readOrganizationOf: async () => 'org',
      settings: noSettings,
    });
    const choose = () => choices.choose({ organizationId: 'org', userId: 'user' });
    await expect(choose()).rejects.toThrow('away');
    isDown = false;
    await expect(choose()).resolves.toBe('a');
  });

  test('a model that the user takes for chats of their own goes before the default, and is never replaced', async () => {
    let mine: { mode: 'model' | 'chat_default'; modelConfigId?: string } = {
      mode: 'model',
      modelConfigId: 'b',
    };
    const models = [model('a', { is_default: true }), model('b'), model('off', { enabled: false })];
    const { choose } = setUp(models, { personalModelOverride: async () => mine });
    expect(await choose()).toBe('b');
    expect(await choose('a')).toBe('a');
    mine = { mode: 'model', modelConfigId: 'off' };
    await expect(choose()).rejects.toMatchObject(refusal('is set as your own default, and is disabled'));
    mine = { mode: 'chat_default' };
    expect(await choose()).toBe('a');
  });

  test('a provider that takes keys of users lets in who has one', async () => {
    const keys = new Set<string>();
    const { choose } = setUp([model('a', { has_credential: false, allows_user_key: true })], {
      hasOwnKey: async ({ userId, providerId }) => keys.has(`${userId} ${providerId}`),
    });
    await expect(choose('a')).rejects.toMatchObject(
      refusal('has a provider that takes your own API key: enter one'),
    );
    keys.add('user provider');
    expect(await choose('a')).toBe('a');
  });
});
