import { DEFAULT_SYSTEM_PROMPT } from './default-system-prompt';
import { systemRows, systemTexts } from './system-rows';

const none = { deployment: '', includesDefault: false, organization: '' };
const plain = { hasWorkspace: false, isDelegated: false };

describe('the system rows of a new chat', () => {
  test('stand in the order of who wrote them, and only the model sees them', async () => {
    const systemPrompts = async () => ({ deployment: 'D', includesDefault: true, organization: 'O' });
    const rows = await systemRows({ systemPrompts }, { ...plain, organizationId: 'o', chatPrompt: 'C' });
    expect(rows.map(({ content }) => content[0]?.text)).toEqual([
      `${DEFAULT_SYSTEM_PROMPT}\n\nD`,
      'O',
      'C',
      expect.stringContaining('you may create or start one'),
    ]);
    expect(new Set(rows.map(({ role, visibility }) => `${role} ${visibility}`))).toEqual(
      new Set(['system model']),
    );
  });

  test('are left out where there is nothing to say', () => {
    expect(systemTexts({ ...none, organization: ' \n' }, { ...plain, chatPrompt: '\t' })).toHaveLength(1);
  });

  test('tell three places of a chat apart', () => {
    const awareness = [
      { hasWorkspace: true, isDelegated: false },
      { hasWorkspace: true, isDelegated: true },
      { hasWorkspace: false, isDelegated: false },
      { hasWorkspace: false, isDelegated: true },
    ].map((chat) => systemTexts(none, chat).at(-1));
    expect(awareness[0]).toBe(awareness[1]);
    expect(awareness[2]).toContain('list the templates first');
    expect(awareness[3]).toContain('report that to the agent');
  });

  test('of a subagent have no orchestration, whoever wrote it', () => {
    const prompts = {
      ...none,
      deployment: 'Mine.\n<orchestration>\nSpawn.\n</orchestration>\nYours.',
      includesDefault: true,
    };
    const [whole] = systemTexts(prompts, plain);
    const [delegated] = systemTexts(prompts, { ...plain, isDelegated: true });
    expect(whole).toContain('subagents');
    expect(whole).toContain('Spawn.');
    expect(delegated).not.toMatch(/orchestration|subagents|Spawn/);
    expect(delegated).toContain('Mine.\nYours.');
  });
});
