import { randomUUID } from 'node:crypto';
import { BUILT_IN_TOOL_NAMES } from '@parley/contracts';
import { createModel, Family } from '../../testing/family';
import { Harness } from '../../testing/harness';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

describe('the tools about a subagent', () => {
  it('know only children of the chat: others, and itself, do not exist for them', async () => {
    const [family, other] = [await Family.create(harness), await Family.create(harness)];
    const stranger = await other.spawn();
    for (const chatId of [stranger.id, other.root.id, family.root.id, randomUUID()])
      for (const [name, more] of [
        ['wait_agent', {}],
        ['message_agent', { message: 'hi' }],
        ['interrupt_agent', {}],
      ] as const)
        await expect(family.call(name, { chat_id: chatId, ...more })).rejects.toThrow(
          /No subagent of this chat/,
        );
  });

  it('list children, the latest active first, ten unless asked, and at most fifty', async () => {
    const family = await Family.create(harness);
    for (let n = 0; n < 12; n += 1) await family.spawn({ title: `child ${n}` });
    const first = await family.list();
    expect(first).toMatchObject({ total: 12, offset: 0, has_more: true });
    expect(first.agents.map((agent) => agent['title']).slice(0, 2)).toEqual(['child 11', 'child 10']);
    expect(first.agents).toHaveLength(10);
    expect(await family.list({ limit: 1_000, offset: 10 })).toMatchObject({ total: 12, has_more: false });
    expect((await family.list({ offset: 99 })).agents).toEqual([]);
  });

  it('list the models that can be used, with the efforts they take', async () => {
    const modelConfigId = await createModel(harness, 'thinker');
    const { models } = (await (await Family.create(harness)).call('list_subagent_models', {})) as {
      models: object[];
    };
    expect(models).toContainEqual({
      model_config_id: modelConfigId,
      display_name: '',
      model: 'thinker',
      provider: 'openai-compat',
      context_limit: 5000,
      is_default: false,
      reasoning_efforts: ['none', 'minimal', 'low', 'medium'],
    });
  });

  it('send a message once, however often the call is repeated', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const args = { chat_id: child.id, message: 'and this' };
    const first = await family.call('message_agent', args, 'key');
    expect(first).toMatchObject({ chat_id: child.id, status: 'running', queued: true, interrupted: false });
    expect(await family.call('message_agent', args, 'key')).toMatchObject({ queued: true });
    expect((await harness.head(child.id)).queue).toHaveLength(1);
    const urgent = { ...args, interrupt: true };
    expect(await family.call('message_agent', urgent)).toMatchObject({
      status: 'interrupting',
      interrupted: true,
    });
    for (let n = 0; n < 18; n += 1) await family.call('message_agent', args);
    await expect(family.call('message_agent', args)).rejects.toThrow(/Too many messages wait/);
  });

  it('interrupt a child, also by the old name of the tool, and leave one at rest alone', async () => {
    const family = await Family.create(harness);
    const child = await family.spawn();
    const args = { chat_id: child.id };
    expect(await family.call('close_agent', args)).toMatchObject({
      interrupted: true,
      status: 'interrupting',
    });
    expect(await family.call('interrupt_agent', args)).toMatchObject({ interrupted: false });
  });

  it('are named so that no tool of a client can take their place', async () => {
    const family = await Family.create(harness);
    const names = family.registry
      .toolsOf(family.root)
      .flatMap((tool) => [tool.definition.name, ...tool.aliases]);
    const own = names.filter((name) => !name.endsWith('_file'));
    expect([...BUILT_IN_TOOL_NAMES].sort()).toEqual(own.sort());
  });
});
