import { randomUUID } from 'node:crypto';
import { readTranscript, setArchived } from '@parley/chat-state';
import { createModel, Family, queryOf, type Query } from '../../testing/family';
import { Harness } from '../../testing/harness';

let harness: Harness;
let query: Query;
beforeAll(async () => {
  harness = await Harness.open();
  query = queryOf(harness);
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

describe('spawn_agent', () => {
  it('starts a child with the task alone, the prompts of one that works for another, and its settings', async () => {
    const family = await Family.create(harness, {
      planMode: 'plan',
      reasoningEffort: 'low',
      clientType: 'ui',
    });
    const result = await family.call('spawn_agent', {
      type: 'general',
      prompt: 'Count the files',
      title: 'Count',
    });
    const child = await harness.head(String(result['chat_id']));
    expect(result).toEqual({
      chat_id: child.id,
      title: 'Count',
      type: 'general',
      status: 'running',
      model_config_id: harness.modelConfigId,
    });
    expect(child).toMatchObject({
      parentChatId: family.root.id,
      rootChatId: family.root.id,
      ownerId: harness.ownerId,
      planMode: 'plan',
      clientType: 'ui',
      mode: null,
      allowedTools: null,
      lastReasoningEffort: 'low',
      titleSource: 'manual',
    });
    const rows = await readTranscript(harness.store.database, { chatId: child.id });
    expect(rows.at(-1)).toMatchObject({ role: 'user', content: [{ type: 'text', text: 'Count the files' }] });
    expect(rows.filter((row) => row.role !== 'system')).toHaveLength(1);
    expect(JSON.stringify(rows.filter((row) => row.role === 'system'))).toMatch(
      /report that to the agent that gave it to you/,
    );
  });

  it('finds the child that it made when the same call runs again', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn({}, 'chat:3:call');
    expect((await family.spawn({}, 'chat:3:call')).id).toBe(child.id);
    expect((await family.spawn({}, 'chat:4:call')).id).not.toBe(child.id);
    expect((await family.list()).total).toBe(2);
  });

  it('holds an exploring child to the tools that only read, whatever is added later', async () => {
    const family = await Family.create(harness, { planMode: 'plan' });
    const child = await family.spawn({ type: 'explore' });
    expect(child).toMatchObject({ mode: 'explore', planMode: null, allowedTools: ['read_file'] });
    expect(family.registry.toolsOf(child).map((tool) => tool.definition.name)).toEqual(['read_file']);
  });

  it('gives children no subagents of their own', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const names = family.registry.toolsOf(child).map((tool) => tool.definition.name);
    expect(names).toEqual(['read_file', 'write_file']);
  });

  it('takes the model named in the call, else the user’s, else the organization’s, else the parent’s', async () => {
    const [named, own, common] = [
      await createModel(harness, 'named'),
      await createModel(harness, 'own'),
      await createModel(harness, 'common'),
    ];
    const family = await Family.create(harness);
    expect((await family.spawn()).lastModelConfigId).toBe(harness.modelConfigId);
    await query('common', 'insert into chat_organization_model_overrides values ($1, $2, $3)', [
      harness.organizationId,
      'general',
      common,
    ]);
    const after = new Family(harness, family.root);
    expect((await after.spawn()).lastModelConfigId).toBe(common);
    expect((await after.spawn({ type: 'explore' })).lastModelConfigId).toBe(harness.modelConfigId);
    await query('allow', 'insert into chat_settings (allow_personal_model_overrides) values (true)');
    await query(
      'own',
      `insert into chat_user_model_overrides (user_id, organization_id, purpose, mode, model_config_id) values ($1, $2, 'general', 'model', $3)`,
      [harness.ownerId, harness.organizationId, own],
    );
    const personal = new Family(harness, family.root);
    expect((await personal.spawn()).lastModelConfigId).toBe(own);
    expect((await personal.spawn({ model_config_id: named })).lastModelConfigId).toBe(named);
    await query('disable', 'update chat_model_configs set enabled = false where id = $1', [own]);
    expect((await new Family(harness, family.root).spawn()).lastModelConfigId).toBe(common);
    await query(
      'chat_default',
      `update chat_user_model_overrides set mode = 'chat_default', model_config_id = null`,
    );
    expect((await new Family(harness, family.root).spawn()).lastModelConfigId).toBe(harness.modelConfigId);
    await query('forget', 'delete from chat_user_model_overrides');
    await query('forget_common', 'delete from chat_organization_model_overrides');
  });

  it('refuses what cannot be, and says so', async () => {
    const family = await Family.create(harness);
    const spawn = (args: object) => family.spawn(args);
    await expect(spawn({ type: 'computer_use' })).rejects.toThrow(/"computer_use" are not available/);
    await expect(spawn({ type: 'boss' })).rejects.toThrow(/must be "general" or "explore"/);
    await expect(spawn({ prompt: '  ' })).rejects.toThrow(/prompt: must not be blank/);
    await expect(spawn({ title: 'a\u0000b' })).rejects.toThrow(/title: contains the character U\+0000/);
    await expect(spawn({ model_config_id: randomUUID() })).rejects.toThrow(/list_subagent_models/);
    await query('rest', `update chats set status = 'waiting' where id = $1`, [family.root.id]);
    await setArchived(harness.store, { chatId: family.root.id, archived: true });
    await expect(spawn({})).rejects.toThrow(/archived/);
  });

  it('and message_agent are refused when the owner has spent what may be spent', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn({}, 'before');
    await query(
      'limits_on',
      "insert into chat_usage_limit_config (default_limit_micros, period) values (1, 'month')",
    );
    await query(
      'spend',
      `insert into chat_messages (chat_id, revision, role, content, model_call_id, total_cost_micros)
       values ($1, 1, 'assistant', '[]', gen_random_uuid(), 5)`,
      [family.root.id],
    );
    const poor = new Family(harness, family.root);
    await expect(poor.spawn()).rejects.toThrow(/spending limit/);
    const message = { chat_id: child.id, message: 'more' };
    await expect(poor.call('message_agent', message)).rejects.toThrow(/spending limit/);
    expect((await poor.spawn({}, 'before')).id).toBe(child.id);
    await query('limits_off', 'delete from chat_usage_limit_config');
  });
});
