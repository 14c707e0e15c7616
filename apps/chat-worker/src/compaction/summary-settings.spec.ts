import { summarySettings } from './summary-settings';

describe('a model that summarises', () => {
  it('writes as much as models do, no more than the window has room for, and no more than it is configured to', () => {
    expect(summarySettings({ temperature: 0.5 }, 90_000)).toEqual({
      temperature: 0.5,
      maxOutputTokens: 8_192,
    });
    expect(summarySettings({}, 3_000.7)).toEqual({ maxOutputTokens: 3_000 });
    expect(summarySettings({ maxOutputTokens: 1_000 }, 90_000)).toEqual({ maxOutputTokens: 1_000 });
    expect(summarySettings({}, -5_000)).toEqual({ maxOutputTokens: 512 });
  });

  it('thinks as in a step, but not so much that no room is left to write', () => {
    expect(summarySettings({ reasoningEffort: 'low' }, 90_000)).toEqual({
      maxOutputTokens: 32_000,
      reasoningEffort: 'low',
    });
    expect(summarySettings({ reasoningEffort: 'max' }, 90_000).reasoningEffort).toBe('medium');
    expect(summarySettings({ reasoningEffort: 'high' }, 10_000)).toEqual({ maxOutputTokens: 10_000 });
  });
});
