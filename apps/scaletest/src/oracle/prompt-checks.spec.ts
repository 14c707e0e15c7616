import { ledgerCall, observedTurn } from '../testing/evidence';
import type { LedgerCall, LedgerPrompt } from './ledger-call';
import type { ObservedTurn } from './observation';
import { checkPrompts } from './prompt-checks';

/** Two chunks of ten characters, as the evidence has them. */
const ANSWER = 20;

const prompt = (
  keys: readonly string[],
  rest: Partial<LedgerPrompt> = {},
): Pick<LedgerCall, 'prompt'> & Partial<LedgerCall> => ({
  prompt: {
    userKeys: keys,
    userKeyCount: keys.length,
    answerCharacters: Math.max(0, keys.length - 1) * ANSWER,
    toolResults: 0,
    ...rest,
  },
});

const SUMMARY = { purpose: 'summary' as const };

/** What is found of one call for the turn with this number. */
function found(turns: readonly ObservedTurn[], at: number, call: Partial<LedgerCall>): string[] {
  const findings = checkPrompts(turns, at, [{ ...ledgerCall(7, 0), ...call }]);
  return findings.map(({ kind, detail }) => `${kind} ${detail}`);
}

describe('the prompt of a turn', () => {
  const turns = ['a/0', 'a/1', 'a/2'].map((key) => observedTurn(key));

  it('holds the messages of all turns before it, in their order, and its own', () => {
    expect(found(turns, 0, prompt(['a/0']))).toEqual([]);
    expect(found(turns, 2, prompt(['a/0', 'a/1', 'a/2']))).toEqual([]);
    expect(found(turns, 2, prompt(['a/2']))).toEqual([
      'prompt_differs call 7 was told of a/2, and not of a/0, a/1, a/2',
    ]);
    expect(found(turns, 2, prompt(['a/1', 'a/0', 'a/2']))).toHaveLength(1);
    expect(found(turns, 2, prompt(['a/0', 'a/1']))).toHaveLength(1);
    expect(found(turns, 2, prompt([]))).toEqual([
      'prompt_differs call 7 was told of nothing, and not of a/0, a/1, a/2',
    ]);
    expect(found(turns, 1, prompt(['b/0', 'a/0', 'a/1']))).toEqual([
      'prompt_differs call 7 was told of b/0, a/0, a/1, and not of a/0, a/1',
    ]);
    expect(found(turns, 1, prompt(['a/0', 'a/0', 'a/1']))).toHaveLength(1);
  });

  it('holds their answers, and the results of their tools and of its own steps', () => {
    expect(found(turns, 2, prompt(['a/0', 'a/1', 'a/2'], { answerCharacters: ANSWER }))).toEqual([
      `prompt_differs call 7 was told ${ANSWER} characters of answers, ${2 * ANSWER} expected`,
    ]);
    const withTools = [observedTurn('a/0', [1, 2]), observedTurn('a/1', [2, 1])];
    const asked = (step: number, toolResults: number): string[] =>
      found(withTools, 1, { ...prompt(['a/0', 'a/1'], { toolResults }), step });
    expect(asked(0, 3)).toEqual([]);
    expect(asked(1, 5)).toEqual([]);
    expect(asked(2, 6)).toEqual([]);
    expect(asked(1, 3)).toEqual(['prompt_differs call 7 was told 3 results of tools, 5 expected']);
  });

  it('may lack what never ended, and have any part of an answer that was cut', () => {
    const pending = [
      observedTurn('a/0'),
      { ...observedTurn('a/1'), outcome: 'failed' as const },
      observedTurn('a/2'),
    ];
    expect(found(pending, 2, prompt(['a/0', 'a/2']))).toEqual([]);
    expect(found(pending, 2, prompt(['a/0', 'a/1', 'a/2'], { answerCharacters: ANSWER }))).toEqual([]);
    const cut = [
      observedTurn('a/0'),
      { ...observedTurn('a/1'), ending: 'cut' as const },
      observedTurn('a/2'),
    ];
    const told = (answerCharacters: number): string[] =>
      found(cut, 2, prompt(['a/0', 'a/1', 'a/2'], { answerCharacters }));
    expect([told(ANSWER), told(ANSWER + 3), told(2 * ANSWER)]).toEqual([[], [], []]);
    expect(told(ANSWER - 1)).toHaveLength(1);
    expect(told(2 * ANSWER + 1)).toHaveLength(1);
    expect(found(cut, 2, prompt(['a/0', 'a/2']))).toHaveLength(1);
  });

  it('lacks what an edit had taken away by then, and not before', () => {
    const edited = [
      observedTurn('a/0'),
      { ...observedTurn('a/1'), ending: 'removed' as const, removedBy: 'a/2' },
      observedTurn('a/2'),
      observedTurn('a/3'),
    ];
    expect(found(edited, 1, prompt(['a/0', 'a/1']))).toEqual([]);
    expect(found(edited, 2, prompt(['a/0', 'a/2']))).toEqual([]);
    expect(found(edited, 3, prompt(['a/0', 'a/2', 'a/3']))).toEqual([]);
    expect(found(edited, 2, prompt(['a/0', 'a/1', 'a/2']))).toEqual([
      'prompt_differs call 7 was told of a/0, a/1, a/2, and not of a/0, a/2',
    ]);
    expect(found(edited, 1, prompt(['a/1']))).toHaveLength(1);
  });

  it('begins at the last summary: at its own message, or after the one that a summary was asked for', () => {
    const compacted = (compaction: 'automatic' | 'manual'): ObservedTurn[] =>
      ['a/0', 'a/1', 'a/2', 'a/3'].map((key, at) => {
        const turn = observedTurn(key);
        return at === 1 ? { ...turn, isCompacted: true, order: { ...turn.order, compaction } } : turn;
      });
    const automatic = compacted('automatic');
    expect(found(automatic, 1, { ...prompt(['a/0', 'a/1']), ...SUMMARY })).toEqual([]);
    expect(found(automatic, 1, prompt(['a/1']))).toEqual([]);
    expect(found(automatic, 1, prompt(['a/0', 'a/1']))).toHaveLength(1);
    expect(found(automatic, 3, prompt(['a/1', 'a/2', 'a/3']))).toEqual([]);
    const manual = compacted('manual');
    expect(found(manual, 1, prompt(['a/0', 'a/1']))).toEqual([]);
    const asked = prompt(['a/0', 'a/1'], { answerCharacters: 2 * ANSWER });
    expect(found(manual, 1, { ...asked, ...SUMMARY })).toEqual([]);
    expect(found(manual, 1, { ...prompt(['a/1']), ...SUMMARY })).toHaveLength(1);
    expect(found(manual, 2, prompt(['a/2']))).toEqual([]);
    expect(found(manual, 3, prompt(['a/2', 'a/3']))).toEqual([]);
    expect(found(manual, 3, prompt(['a/1', 'a/2', 'a/3']))).toHaveLength(1);
  });

  it('of which only the newest keys are listed is counted as well', () => {
    const newest = (userKeys: string[], userKeyCount: number): string[] =>
      found(turns, 2, prompt(userKeys, { userKeyCount, answerCharacters: 2 * ANSWER }));
    expect(newest(['a/1', 'a/2'], 3)).toEqual([]);
    expect(newest(['a/1', 'a/2'], 4)).toHaveLength(1);
    expect(newest(['a/1', 'a/2'], 2)).toHaveLength(1);
    expect(newest(['a/0', 'a/2'], 3)).toHaveLength(1);
  });

  it('is not known of a request that the model could not read', () => {
    expect(found(turns, 2, { prompt: null })).toEqual([]);
  });
});
