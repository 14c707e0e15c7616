import { observedTurn, rowsOf } from '../testing/evidence';
import { digestOfCall, digestOfResult } from './digest';
import { isSameMessage, type SeenMessage, toSeenMessage } from './observation';
import { checkToolRows } from './tool-row-checks';

const turn = observedTurn('a/0', [1, 2]);

/** What is found when one row is changed; the rows are the message, a call, its result, two calls, their results, the answer. */
function found(at: number, change: Partial<SeenMessage>): string[] {
  const rows = rowsOf(turn, 1).map((row, index) => (index === at ? { ...row, ...change } : row));
  return checkToolRows(turn, rows.slice(1)).map(({ kind, detail }) => `${kind}: ${detail}`);
}

const token = (step: number, call: number): object => ({ token: `a/0#${step}.${call}` });

describe('the rows of tool steps', () => {
  it('hold the calls that the model made, each with the result that its tool gave', () => {
    expect(found(0, {})).toEqual([]);
    const results = [digestOfResult('lookup', token(1, 1)), digestOfResult('lookup', token(1, 0))];
    expect(found(4, { resultIds: ['a/0-1-1', 'a/0-1-0'], resultDigests: results })).toEqual([]);
  });

  it('are wrong with other arguments, another tool, or other results', () => {
    const differs = ['tool_call_differs: message 2 holds other calls than the model made in step 0'];
    expect(found(1, { callDigests: [digestOfCall('lookup', token(0, 1))] })).toEqual(differs);
    expect(found(1, { callDigests: [digestOfCall('look', token(0, 0))] })).toEqual(differs);
    expect(found(1, { callDigests: [] })).toEqual(differs);
    const swapped = [digestOfResult('lookup', token(1, 1)), digestOfResult('lookup', token(1, 0))];
    expect(found(4, { resultDigests: swapped })).toEqual([
      'tool_result_differs: call a/0-1-0 has another result than it was given',
      'tool_result_differs: call a/0-1-1 has another result than it was given',
    ]);
    expect(found(2, { resultDigests: [digestOfResult('lookup', token(0, 0), true)] })).toHaveLength(1);
  });

  it('are the same to all who hold them only with the same content, whatever the order of its fields', () => {
    const message = (args: unknown, result: unknown): SeenMessage =>
      toSeenMessage({
        id: 1,
        chat_id: 'chat',
        created_at: '2026-01-01T00:00:00.000Z',
        role: 'assistant',
        content: [
          { type: 'tool-call', tool_call_id: 'c', tool_name: 'lookup', args },
          { type: 'tool-result', tool_call_id: 'c', tool_name: 'lookup', result },
        ],
      });
    const first = message({ a: 1, b: { c: [1, 2], d: null } }, { ok: true });
    expect(isSameMessage(first, message({ b: { d: null, c: [1, 2] }, a: 1 }, { ok: true }))).toBe(true);
    expect(isSameMessage(first, message({ b: { d: null, c: [2, 1] }, a: 1 }, { ok: true }))).toBe(false);
    expect(isSameMessage(first, message({ a: 1, b: { c: [1, 2], d: null } }, { ok: false }))).toBe(false);
  });
});
