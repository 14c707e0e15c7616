import { healthyCalls, healthyChat, ledgerCall, observedTurn, rowsOf, seen } from '../testing/evidence';
import { judge } from './judge';
import type { ObservedChat } from './observation';

const turns = () => [observedTurn('a/0'), observedTurn('a/1', [1, 2]), observedTurn('a/2')];

function kinds(chat: ObservedChat, calls = healthyCalls(chat.turns)): string[] {
  return judge([chat], calls).findings.map(({ kind }) => kind);
}

/** A chat whose history is changed; its viewer sees the same change, so that only the history is at fault. */
function withHistory(change: (history: ReturnType<typeof healthyChat>['history']) => void): ObservedChat {
  const chat = healthyChat(turns());
  change(chat.history);
  return { ...chat, viewers: [{ name: 'viewer 1', messages: chat.history, findings: [], isComplete: true }] };
}

describe('the oracle', () => {
  it('finds nothing wrong with a healthy chat, tools included', () => {
    expect(judge([healthyChat(turns())], healthyCalls(turns()))).toEqual({
      findings: [],
      turnsChecked: 3,
      chatsChecked: 1,
    });
  });

  it('names a hang with the last event seen', () => {
    const [first, ...rest] = turns();
    const chat = healthyChat([
      { ...(first ?? observedTurn('a/0')), outcome: 'hung', failure: 'last event: status running' },
      ...rest,
    ]);
    expect(judge([chat], healthyCalls(turns())).findings).toEqual([
      { kind: 'hang', chatId: 'chat', key: 'a/0', detail: 'last event: status running' },
    ]);
  });

  it('names a failed turn, and a chat that is not at rest', () => {
    const chat = healthyChat([{ ...observedTurn('a/0'), outcome: 'failed', failure: 'boom' }]);
    expect(kinds(chat)).toEqual(['turn_failed']);
    expect(kinds({ ...healthyChat(turns()), finalStatus: 'running' })).toEqual(['not_at_rest']);
  });

  it("misses an answer, a message, and the model's own text", () => {
    expect(kinds(withHistory((history) => history.pop()))).toEqual(['answer_missing']);
    expect(kinds(withHistory((history) => history.splice(0, 2)))).toEqual(['user_message_lost']);
    expect(kinds(withHistory((history) => (history[1] = seen(2, 'assistant', 'something else'))))).toEqual([
      'wrong_text',
    ]);
  });

  it('sees what is there twice', () => {
    const answer = seen(99, 'assistant', 'again');
    expect(kinds(withHistory((history) => history.push(answer)))).toEqual(['answer_doubled']);
    expect(kinds(withHistory((history) => history.push(...rowsOf(observedTurn('a/0'), 90))))).toEqual([
      'user_message_doubled',
    ]);
    expect(kinds(withHistory((history) => history.push(...rowsOf(observedTurn('b/7'), 90))))).toEqual([
      'user_message_unknown',
    ]);
  });

  it('counts the results of each tool call', () => {
    const drop = withHistory((history) => history.splice(4, 1));
    expect(kinds(drop)).toEqual(['tool_result_missing']);
    const double = withHistory((history) =>
      history.splice(5, 0, seen(98, 'tool', '', { resultIds: ['a/1-0-0'] })),
    );
    expect(kinds(double)).toEqual(['tool_result_doubled']);
    expect(kinds({ ...healthyChat(turns()), repeatedToolCalls: ['a/1#0.0'] })).toEqual(['tool_run_twice']);
  });

  it('holds every viewer that stayed against the history, and none that left', () => {
    const chat = healthyChat(turns());
    const short = { name: 'viewer 2', messages: chat.history.slice(0, -1), findings: [], isComplete: true };
    expect(kinds({ ...chat, viewers: [...chat.viewers, short] })).toEqual(['viewers_differ']);
    expect(kinds({ ...chat, viewers: [...chat.viewers, { ...short, isComplete: false }] })).toEqual([]);
  });

  it('holds the ledger of the model against the turns', () => {
    const chat = healthyChat(turns());
    const lost = healthyCalls(turns());
    lost.byKey.delete('a/2');
    expect(kinds(chat, lost)).toEqual(['model_call_lost']);
    const doubled = healthyCalls(turns());
    doubled.byKey.set('a/2', [ledgerCall(5, 0), ledgerCall(6, 0)]);
    expect(kinds(chat, doubled)).toEqual(['model_call_doubled']);
    expect(kinds({ ...chat, mayRegenerate: true }, doubled)).toEqual([]);
    const swapped = healthyCalls(turns());
    swapped.byKey.set('a/0', [ledgerCall(9, 0)]);
    expect(kinds(chat, swapped)).toEqual(['model_call_out_of_order']);
    const refused = healthyCalls(turns());
    refused.byKey.set('a/2', [{ ...ledgerCall(5, 0), status: 400, error: 'bad history' }, ledgerCall(6, 0)]);
    expect(kinds(chat, refused)).toEqual(['model_refused']);
  });

  it('takes a beginning of the answer for an interrupted turn, and nothing of an edited one', () => {
    const cut = { ...observedTurn('a/0'), ending: 'cut' as const };
    const chat = healthyChat([cut]);
    const [user] = chat.history;
    if (user === undefined) throw new Error('The chat has no message');
    const withAnswer = (text: string): ObservedChat => {
      const history = [user, seen(2, 'assistant', text)];
      return { ...chat, history, viewers: [] };
    };
    const whole = rowsOf(cut, 1)[1]?.textLength ?? 0;
    expect(whole).toBeGreaterThan(5);
    expect(kinds({ ...chat, history: [user], viewers: [] })).toEqual([]);
    expect(kinds(withAnswer('no such beginning'))).toEqual(['wrong_text']);
    const removed = { ...observedTurn('a/0'), ending: 'removed' as const };
    expect(kinds({ ...chat, turns: [removed], viewers: [] })).toEqual(['user_message_unknown']);
  });

  it('does not judge what is still under way in a chat that was stopped', () => {
    const pending = { ...observedTurn('a/3', [1]), outcome: 'pending' as const };
    const chat = healthyChat([...turns(), pending]);
    const history = chat.history.slice(0, -2);
    expect(kinds({ ...chat, history, finalStatus: 'running' })).toEqual([]);
    const lost = history.filter(({ key }) => key !== 'a/0');
    expect(kinds({ ...chat, history: lost, finalStatus: 'running' })).toEqual(['user_message_lost']);
  });

  it('says so when the mock forgot calls, in place of calling them lost', () => {
    const verdict = judge([healthyChat(turns())], { byKey: new Map(), dropped: 3 });
    expect(verdict.findings.map(({ kind }) => kind)).toEqual(['ledger_incomplete']);
  });
});
