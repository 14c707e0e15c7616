import { isOverThreshold, lastStepTokens, usagePercent } from './context-usage';
import { transcriptRows } from '../testing/transcript-rows';
import { decideCompaction, MAX_COMPACTIONS_PER_TURN, type CompactionView } from './decide-compaction';

describe('whether the history is summarised', () => {
  const view: CompactionView = { isRequested: false, hasToSummarise: true, isOver: false, compactions: 0 };

  it.each<[string, Partial<CompactionView>, ReturnType<typeof decideCompaction>]>([
    ['a history under the threshold is left alone', {}, 'none'],
    ['one over it is summarised', { isOver: true }, 'automatic'],
    ['what somebody asks for is done, over the threshold or not', { isRequested: true }, 'manual'],
    ['a stale wish means nothing', { isRequested: true, hasToSummarise: false }, 'none'],
    [
      'a wish does not count how often it was done',
      { isRequested: true, isOver: true, compactions: 9 },
      'manual',
    ],
    [
      'a third time in a turn is allowed',
      { isOver: true, compactions: MAX_COMPACTIONS_PER_TURN - 1 },
      'automatic',
    ],
    ['a fourth one is not', { isOver: true, compactions: MAX_COMPACTIONS_PER_TURN }, 'give_up'],
    ['a question alone is for the provider to judge', { isOver: true, hasToSummarise: false }, 'none'],
    [
      'unless a summary made no room for it',
      { isOver: true, hasToSummarise: false, compactions: 1 },
      'give_up',
    ],
    ['and one that is under after a summary goes on', { hasToSummarise: false, compactions: 3 }, 'none'],
  ])('%s', (_name, given, expected) => {
    expect(decideCompaction({ ...view, ...given })).toBe(expected);
  });
});

describe('how full the context is', () => {
  it('is what the last step told: input, cached or not, else all its tokens', () => {
    const old = { role: 'assistant', usage: { input_tokens: 5 } } as const;
    const last = (usage: object) => lastStepTokens(transcriptRows({}, old, {}, { role: 'assistant', usage }));
    expect(
      last({ input_tokens: 100, cache_read_tokens: 20, cache_creation_tokens: 3, output_tokens: 9 }),
    ).toBe(123);
    expect(last({ total_tokens: 77 })).toBe(77);
    expect(last({})).toBe(5);
  });

  it('is not known before a step has told it, or after a boundary', () => {
    const step = { role: 'assistant', usage: { input_tokens: 5 } } as const;
    expect(lastStepTokens(transcriptRows({}))).toBeUndefined();
    expect(lastStepTokens(transcriptRows({}, step, { compressed: true }, {}))).toBeUndefined();
  });

  it.each([
    [69_999, 70, false],
    [70_000, 70, true],
    [99_999, 100, false],
    [200_000, 100, false],
    [0, 0, true],
  ])('%d of 100,000 tokens at a threshold of %d percent: over is %s', (tokens, threshold, expected) => {
    expect(isOverThreshold({ tokens, threshold, limit: 100_000, isEstimated: false })).toBe(expected);
  });

  it('is told with one decimal', () => {
    expect(usagePercent({ tokens: 70_449, limit: 100_000, threshold: 0, isEstimated: false })).toBe(70.4);
  });
});
