import type { MessageRole } from '@parley/contracts';
import type { TranscriptRow } from '@parley/chat-state';
import { transcriptRows } from './testing/transcript-rows';
import { isTurnComplete as isComplete, MAX_STEPS_PER_TURN } from './turn-end';

const rowsOf = (roles: readonly MessageRole[]): TranscriptRow[] =>
  transcriptRows(...roles.map((role) => ({ role })));

const isTurnComplete = (rows: readonly TranscriptRow[]): boolean =>
  isComplete(rows, (name) => name === 'propose_plan');

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

  it('is over when a tool that ends turns has a result, unless that is an error or of an earlier turn', () => {
    const withResult = (roles: MessageRole[], result: { tool_name: string; is_error?: boolean }) =>
      rowsOf(roles).map((row): TranscriptRow =>
        row.role === 'tool'
          ? { ...row, content: [{ type: 'tool-result', tool_call_id: 'c', result: {}, ...result }] }
          : row,
      );
    const step: MessageRole[] = ['user', 'assistant', 'tool'];
    expect(isTurnComplete(withResult(step, { tool_name: 'propose_plan' }))).toBe(true);
    expect(isTurnComplete(withResult(step, { tool_name: 'propose_plan', is_error: true }))).toBe(false);
    expect(isTurnComplete(withResult(step, { tool_name: 'look' }))).toBe(false);
    expect(isTurnComplete(withResult([...step, 'user'], { tool_name: 'propose_plan' }))).toBe(false);
  });
});
