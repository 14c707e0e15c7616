import { promptOverlayOf } from './overlay';

const settings = (userPrompt: string, planModeInstructions = '') => ({
  promptOverlay: async () => ({ userPrompt, planModeInstructions }),
});
const root = { ownerId: 'u', parentChatId: null, planMode: null };

describe('the overlay of a turn', () => {
  test('is empty for a chat of somebody who has asked for nothing', async () => {
    expect(await promptOverlayOf(settings(' ', 'Plan well.'), root)).toEqual([]);
  });

  test('says what a subagent is, what the user wants, and what plan mode is, in this order', async () => {
    const head = { ...root, parentChatId: 'p', planMode: 'plan' as const };
    const texts = await promptOverlayOf(settings('Rhyme.', 'Plan well.'), head);
    expect(texts).toHaveLength(4);
    expect(texts[0]).toMatch(/^You are a subagent/);
    expect(texts[1]).toContain('Rhyme.');
    expect(texts[2]).toMatch(/^Plan mode is on/);
    expect(texts[3]).toBe('Plan well.');
  });
});
