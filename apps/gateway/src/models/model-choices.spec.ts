import { ModelChoices } from './model-choices';

const model = (id: string, fields: object = {}) => ({
  id,
  enabled: true,
  provider_enabled: true,
  has_credential: true,
  is_default: false,
  ...fields,
});

function setUp(models: ReturnType<typeof model>[]) {
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
    now: () => clock.time,
  });
  return { choices, clock, reads };
}

const refusal = (detail: string) => ({ status: 400, validations: [{ field: 'model_config_id', detail }] });

describe('model choices', () => {
  test('the default is chosen when nothing is asked for, and one read serves ten seconds', async () => {
    const { choices, clock, reads } = setUp([model('a'), model('b', { is_default: true })]);
    expect(await Promise.all([choices.choose('org'), choices.choose('org', null)])).toEqual(['b', 'b']);
    clock.time = 9_999;
    expect(await choices.choose('org', 'a')).toBe('a');
    expect(reads).toEqual(['org']);
    clock.time = 10_000;
    await choices.choose('org');
    choices.invalidate();
    await choices.choose('org');
    expect(reads).toEqual(['org', 'org', 'org']);
  });

  test('what cannot be used is refused, each for its reason', async () => {
    const { choices } = setUp([
      model('off', { enabled: false }),
      model('dead', { provider_enabled: false }),
      model('keyless', { has_credential: false }),
    ]);
    await expect(choices.choose('org', 'none')).rejects.toMatchObject(
      refusal('is no model of this organization'),
    );
    await expect(choices.choose('org', 'off')).rejects.toMatchObject(refusal('is disabled'));
    await expect(choices.choose('org', 'dead')).rejects.toMatchObject(refusal('has a disabled provider'));
    await expect(choices.choose('org', 'keyless')).rejects.toMatchObject(
      refusal('has a provider without an API key'),
    );
    await expect(choices.choose('org')).rejects.toMatchObject({ status: 400 });
  });

  test('a message that names no model reads nothing, and a chat is looked up once', async () => {
    const { choices, reads } = setUp([model('a')]);
    expect(await choices.chooseForChat('chat', undefined)).toBeUndefined();
    expect(reads).toEqual([]);
    expect(await choices.chooseForChat('chat', 'a')).toBe('a');
    expect(await choices.chooseForChat('chat', 'a')).toBe('a');
    expect(await choices.chooseForChat('unknown', 'a')).toBeUndefined();
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
    });
    await expect(choices.choose('org')).rejects.toThrow('away');
    isDown = false;
    await expect(choices.choose('org')).resolves.toBe('a');
  });
});
