import { randomUUID } from 'node:crypto';
import { sql, type Queryable } from '@parley/database';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { CachedChatSettings } from './cached-chat-settings';

const [organizationId, userId, modelConfigId] = [randomUUID(), randomUUID(), randomUUID()];
let testDatabase: TestDatabase;

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  await run(
    `with o as (insert into organizations (id, name, display_name) values ($1, 'o', 'O')),
          u as (insert into users (id, email, username) values ($2, 'u@example.com', 'u')),
          p as (insert into chat_providers (id, type, name) values ($4, 'openai', 'p'))
     insert into chat_model_configs (id, organization_id, ai_provider_id, model, context_limit, compression_threshold)
     values ($3, $1, $4, 'm', 1000, 70)`,
    [organizationId, userId, modelConfigId, randomUUID()],
  );
});
afterAll(() => testDatabase.drop());

let statements = 0;
function run(text: string, values: readonly unknown[] = []): Promise<unknown[]> {
  return testDatabase.database.query(sql(`spec_${(statements += 1)}`, text), values);
}

function open() {
  const reads: string[] = [];
  const clock = { time: 0 };
  const database: Queryable = {
    query: (statement, values) => {
      reads.push(statement.name.replace('chat_settings_select_', ''));
      return testDatabase.database.query(statement, values);
    },
  };
  return { settings: new CachedChatSettings({ database, now: () => clock.time }), reads, clock };
}

describe('chat settings', () => {
  test('that nobody has made are empty, and the built-in prompt is in', async () => {
    const { settings } = open();
    expect(await settings.promptOverlay(userId)).toEqual({ userPrompt: '', planModeInstructions: '' });
    expect(await settings.systemPrompts({ organizationId })).toEqual({
      deployment: '',
      includesDefault: true,
      organization: '',
    });
    expect(await settings.compactionThreshold({ ownerId: userId, modelConfigId })).toBeUndefined();
    expect(await settings.modelOverride({ organizationId, purpose: 'compaction' })).toBeUndefined();
  });

  test('are read once a minute, by one statement for each of those whose they are', async () => {
    const { settings, reads, clock } = open();
    const all = () =>
      Promise.all([
        settings.promptOverlay(userId),
        settings.compactionThreshold({ ownerId: userId, modelConfigId }),
        settings.modelOverride({ organizationId, purpose: 'general' }),
        settings.personalModelOverride({ userId, organizationId, purpose: 'root' }),
        settings.systemPrompts({ organizationId }),
      ]);
    await all();
    clock.time = 59_999;
    await all();
    expect(reads.sort()).toEqual(['deployment', 'organization', 'user']);
    clock.time = 60_000;
    await all();
    expect(reads).toHaveLength(6);
  });

  test('that change are seen when they are forgotten, and others stay in memory', async () => {
    const { settings, reads } = open();
    const read = () =>
      Promise.all([
        settings.promptOverlay(userId),
        settings.modelOverride({ organizationId, purpose: 'general' }),
      ]);
    await read();
    await run(`insert into chat_user_settings (user_id, prompt) values ($1, 'Rhyme.')`, [userId]);
    await run(`insert into chat_settings (plan_mode_instructions) values ('Plan.')`);
    await run(
      `insert into chat_organization_model_overrides (organization_id, purpose, model_config_id) values ($1, 'general', $2)`,
      [organizationId, modelConfigId],
    );
    await run(
      `insert into chat_user_compaction_thresholds (user_id, model_config_id, threshold_percent) values ($1, $2, 0)`,
      [userId, modelConfigId],
    );
    expect((await read())[0].userPrompt).toBe('');
    settings.invalidate(userId);
    expect(await read()).toEqual([{ userPrompt: 'Rhyme.', planModeInstructions: '' }, undefined]);
    settings.invalidate(organizationId);
    expect((await read())[1]).toBe(modelConfigId);
    expect(reads.filter((name) => name === 'deployment')).toHaveLength(1);
    settings.invalidate();
    expect((await read())[0]).toEqual({ userPrompt: 'Rhyme.', planModeInstructions: 'Plan.' });
    expect(await settings.compactionThreshold({ ownerId: userId, modelConfigId })).toBe(0);
  });

  test('a personal override counts only while the deployment allows them, in its own organization', async () => {
    await run(
      `insert into chat_user_model_overrides (user_id, organization_id, purpose, mode, model_config_id)
       values ($1, $2, 'root', 'model', $3), ($1, $2, 'general', 'chat_default', null)`,
      [userId, organizationId, modelConfigId],
    );
    const { settings } = open();
    const of = (purpose: 'root' | 'general' | 'explore', id = organizationId) =>
      settings.personalModelOverride({ userId, organizationId: id, purpose });
    expect(await of('root')).toBeUndefined();
    await run('update chat_settings set allow_personal_model_overrides = true');
    settings.invalidate();
    expect(await of('root')).toEqual({ mode: 'model', modelConfigId });
    expect(await of('general')).toEqual({ mode: 'chat_default' });
    expect(await of('explore')).toBeUndefined();
    expect(await of('root', randomUUID())).toBeUndefined();
  });

  test('a read that an invalidation overtook is answered, and not kept', async () => {
    const answers: ((rows: unknown[]) => void)[] = [];
    const database = {
      query: <Row>() => new Promise<Row[]>((resolve) => answers.push((rows) => resolve(rows as Row[]))),
    };
    const settings = new CachedChatSettings({ database, now: () => 0 });
    const early = settings.systemPrompts({ organizationId });
    settings.invalidate();
    const late = settings.systemPrompts({ organizationId });
    const deployment = (prompt: string) => [{ system_prompt: prompt, include_default_system_prompt: false }];
    const organization = [{ system_prompt: '', overrides: {} }];
    expect(answers).toHaveLength(4);
    answers[2]?.(deployment('new'));
    answers[3]?.(organization);
    answers[0]?.(deployment('old'));
    answers[1]?.(organization);
    expect((await early).deployment).toBe('old');
    expect((await late).deployment).toBe('new');
    expect((await settings.systemPrompts({ organizationId })).deployment).toBe('new');
  });
});
