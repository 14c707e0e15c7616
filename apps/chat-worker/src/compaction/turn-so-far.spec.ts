import type { TranscriptRow } from '@parley/chat-state';
import type { MessagePart } from '@parley/contracts';
import { transcriptRows } from '../testing/transcript-rows';
import { isTurnComplete, MAX_STEPS_PER_TURN } from '../turn-end';
import { compactionMessages } from './compaction-messages';
import { boundaryContent, hasToSummarise, turnSoFar, unansweredMessages } from './turn-so-far';

const text = (value: string): MessagePart[] => [{ type: 'text', text: value }];
const calling: MessagePart[] = [{ type: 'tool-call', tool_call_id: 'c', tool_name: 'look', args: {} }];
const step = [{ role: 'assistant', content: calling }, { role: 'tool' }] as const;
const answer = { role: 'assistant', content: text('answer') } as const;
const question = (value: string): Partial<TranscriptRow> => ({ role: 'user', content: text(value) });
const boundary = (steps: number, compactions: number): Partial<TranscriptRow> => ({
  compressed: true,
  visibility: 'model',
  content: boundaryContent('in short', { steps, compactions }),
});
const again = { ...question('q'), visibility: 'model' } as const;

describe('the turn so far', () => {
  it('counts its steps from the last message that people see', () => {
    expect(turnSoFar(transcriptRows(question('a'), ...step, answer, question('b'), ...step))).toEqual({
      steps: 1,
      compactions: 0,
    });
  });

  it('goes on over a compaction, and ends with the next message that people see', () => {
    expect(turnSoFar(transcriptRows(boundary(7, 2), again, ...step))).toEqual({ steps: 8, compactions: 2 });
    expect(turnSoFar(transcriptRows(boundary(7, 2), again, answer, question('b'), ...step))).toEqual({
      steps: 1,
      compactions: 0,
    });
  });

  it('knows nothing of what came before a boundary that was not made by a compaction', () => {
    const cleared: Partial<TranscriptRow> = { compressed: true, visibility: 'model', content: [] };
    expect(turnSoFar(transcriptRows(cleared, question('a')))).toEqual({ steps: 0, compactions: 0 });
    const foreign: MessagePart = { type: 'text', text: '', provider_metadata: { parley: { steps: 'many' } } };
    const rows = transcriptRows({ ...cleared, content: [foreign] }, again);
    expect(turnSoFar(rows)).toEqual({ steps: 0, compactions: 0 });
  });

  it('is over at its last step also when compactions took the others out of sight', () => {
    const rows = transcriptRows(boundary(MAX_STEPS_PER_TURN - 1, 1), again, ...step);
    expect(isTurnComplete(rows, () => false)).toBe(true);
    expect(isTurnComplete(rows.slice(0, 2), () => false)).toBe(false);
  });
});

describe('what a summary replaces', () => {
  it('are answers and results since the boundary', () => {
    expect(hasToSummarise(transcriptRows(question('a')))).toBe(false);
    expect(hasToSummarise(transcriptRows(question('a'), answer))).toBe(true);
    expect(hasToSummarise(transcriptRows(question('a'), answer, boundary(1, 1), again))).toBe(false);
    expect(hasToSummarise(transcriptRows(boundary(1, 1), again, ...step))).toBe(true);
  });

  it('are not the messages that no answer has ended', () => {
    const texts = (...rows: Partial<TranscriptRow>[]): unknown[] =>
      unansweredMessages(transcriptRows(...rows)).map(({ content: [part] }) => part);
    expect(texts(question('a'), answer)).toEqual([]);
    expect(texts(question('a'), answer, question('b'), question('c'))).toEqual([...text('b'), ...text('c')]);
    expect(texts(question('a'), ...step, question('b'), ...step)).toEqual([...text('a'), ...text('b')]);
    expect(texts(question('a'), boundary(1, 1), again, ...step)).toEqual(text('q'));
  });
});

it('a compaction stores the boundary, the pair that people see, and the questions again, word for word', () => {
  const file: MessagePart = { type: 'file', media_type: 'image/png', file_id: 'f' };
  const asked = { ...question('look'), createdBy: 'u', modelConfigId: 'm', reasoningEffort: 'high' } as const;
  const rows = transcriptRows(question('a'), answer, { ...asked, content: [...text('look'), file] }, ...step);
  const result = {
    summary: 'in short',
    source: 'automatic',
    threshold: 70,
    usage_percent: 71.5,
    context_tokens: 71_500,
    context_limit: 100_000,
    estimated: false,
  } as const;
  const messages = compactionMessages({ toolCallId: 'chat_summarized_1', result, rows, runtimeMs: 12 });
  expect(messages.map(({ role, visibility, compressed }) => [role, visibility, compressed ?? false])).toEqual(
    [
      ['user', 'model', true],
      ['assistant', 'user', true],
      ['tool', 'user', true],
      ['user', 'model', false],
    ],
  );
  expect(messages[2]?.content).toEqual([
    { type: 'tool-result', tool_call_id: 'chat_summarized_1', tool_name: 'chat_summarized', result },
  ]);
  expect(messages[3]).toEqual({
    role: 'user',
    visibility: 'model',
    content: [...text('look'), file],
    createdBy: 'u',
    modelConfigId: 'm',
    reasoningEffort: 'high',
  });
  expect(
    turnSoFar(transcriptRows({ ...messages[0], visibility: 'model' } as Partial<TranscriptRow>)),
  ).toEqual({
    steps: 1,
    compactions: 1,
  });
});
