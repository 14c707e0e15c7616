import type { MessageRole } from '@parley/contracts';
import type { TranscriptRow } from '@parley/chat-state';
import { isTurnComplete, MAX_STEPS_PER_TURN } from './turn-end';

const rowsOf = (roles: readonly MessageRole[]): TranscriptRow[] =>
  roles.map((role, index) => ({
    id: index + 1,
    chatId: 'c',
    role,
    content: [],
    visibility: 'both',
    compressed: false,
    createdBy: null,
    modelConfigId: null,
    reasoningEffort: null,
    createdAt: new Date(0),
    revision: 1,
    usage: {},
  }));

const stepsOf = (count: number): MessageRole[] =>
  Array.from({ length: count }, (): MessageRole[] => ['assistant', 'tool']).flat();

describe('a turn', () => {
  it('is over when the model had the last word', () => {
    expect(isTurnComplete(rowsOf(['system', 'user', 'assistant']))).toBe(true);
  });

  it('goes on after a question, and after the results of tools', () => {
    expect(isTurnComplete(rowsOf(['user', 'assistant', 'user']))).toBe(false);
    expect(isTurnComplete(rowsOf(['user', 'assistant', 'tool']))).toBe(false);
    expect(isTurnComplete([])).toBe(false);
  });

  it('is over after 1200 steps, those of earlier turns not counted', () => {
    expect(isTurnComplete(rowsOf(['user', ...stepsOf(MAX_STEPS_PER_TURN)]))).toBe(true);
    expect(isTurnComplete(rowsOf(['user', ...stepsOf(MAX_STEPS_PER_TURN - 1)]))).toBe(false);
    expect(isTurnComplete(rowsOf([...stepsOf(MAX_STEPS_PER_TURN), 'user', 'assistant', 'tool']))).toBe(false);
  });
});
