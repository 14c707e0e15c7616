import { randomUUID } from 'node:crypto';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { CheapModels, cheapRank } from './cheap-models';

describe('The known cheap models', () => {
  it.each([
    'gpt-5-nano',
    'openai/gpt-4.1-nano',
    'gpt-4o-mini',
    'GPT-5-mini-2025-08-07',
    'claude-haiku-4-5',
    'claude-3-5-haiku-20241022',
    'anthropic.claude-3-haiku-20240307-v1:0',
    'gemini-2.5-flash-lite',
    'gemini-flash-latest',
  ])('%s is one', (name) => expect(cheapRank(name)).toBeDefined());

  it.each(['gpt-5', 'o4-mini', 'claude-sonnet-5', 'claude-opus-4-1', 'gemini-2.5-pro', 'mock', 'qwen'])(
    '%s is none',
    (name) => expect(cheapRank(name)).toBeUndefined(),
  );
});

describe('The model that is asked in place of another', () => {
  let testDatabase: TestDatabase;
  const [organizationId, otherOrganization, providerId, otherProvider] = [
    randomUUID(),
    randomUUID(),
    randomUUID(),
    randomUUID(),
  ];
  const run = (text: string, values: readonly unknown[]) =>
    testDatabase.database.query({ name: '', text }, values);
  const addModel = async (model: string, where: { provider?: string; organization?: string } = {}) => {
    const id = randomUUID();
    await run(
      `insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
       values ($1, $2, $3, $4, 1000, 70)`,
      [id, where.organization ?? organizationId, where.provider ?? providerId, model],
    );
    return id;
  };
  const big = { modelName: 'gpt-5', providerId, organizationId };
  const fresh = () => new CheapModels({ database: testDatabase.database, now: () => 0 });

  beforeAll(async () => {
    testDatabase = await createTestDatabase();
    await run(
      `with o as (insert into organizations (id, name, display_name) values ($1, 'a', 'A'), ($2, 'b', 'B'))
       insert into chat_providers (id, type, name) values ($3, 'openai', 'one'), ($4, 'openai', 'two')`,
      [organizationId, otherOrganization, providerId, otherProvider],
    );
  });
  afterEach(() => run('delete from chat_model_configs', []));
  afterAll(() => testDatabase.drop());

  it('is the cheapest known one of the same provider and organization', async () => {
    await addModel('gpt-5');
    await addModel('gpt-5-mini');
    const nano = await addModel('gpt-5-nano');
    await addModel('gemini-2.5-flash-lite', { provider: otherProvider });
    await addModel('gemini-2.5-flash-lite', { organization: otherOrganization });
    expect(await fresh().insteadOf(big)).toBe(nano);
  });

  it('is none when only others have one, when it is disabled or deleted, and for a model that is cheap itself', async () => {
    await addModel('gpt-5-nano', { provider: otherProvider });
    await addModel('gpt-5-nano', { organization: otherOrganization });
    expect(await fresh().insteadOf(big)).toBeUndefined();
    const nano = await addModel('gpt-5-nano');
    expect(await fresh().insteadOf({ ...big, modelName: 'gpt-4o-mini' })).toBeUndefined();
    for (const column of ['enabled = false', 'enabled = true, deleted = true']) {
      await run(`update chat_model_configs set ${column} where id = $1`, [nano]);
      expect(await fresh().insteadOf(big)).toBeUndefined();
    }
  });

  it('is remembered until it is invalidated', async () => {
    const models = fresh();
    expect(await models.insteadOf(big)).toBeUndefined();
    const mini = await addModel('gpt-5-mini');
    expect(await models.insteadOf(big)).toBeUndefined();
    models.invalidate();
    expect(await models.insteadOf(big)).toBe(mini);
  });
});
