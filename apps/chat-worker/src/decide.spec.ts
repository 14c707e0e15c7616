import { decide, isWork, type ChatView, type GoalType, type Standing } from './decide';

const standing: Standing = { isOurs: true, isBehind: false, isStale: false, isActionOverdue: false };
const running: ChatView = {
  status: 'running',
  archived: false,
  historyVersion: 7,
  generationAttempt: 0,
  openCalls: [],
};
const localCall = { tool_call_id: 'a', tool_name: 'look', dynamic: false };
const dynamicCall = { tool_call_id: 'b', tool_name: 'ask', dynamic: true };

describe('decide', () => {
  it.each<[string, Partial<ChatView>, Partial<Standing>, GoalType]>([
    ['a running chat is generated', {}, {}, 'generate'],
    ['an interrupting chat is finished', { status: 'interrupting' }, {}, 'finish_interruption'],
    [
      'an interrupt is obeyed before anything is reread',
      { status: 'interrupting' },
      { isBehind: true },
      'finish_interruption',
    ],
    ['what is not known in full is read first', {}, { isBehind: true }, 'refresh'],
    [
      'after a refused write even an interrupt is read first',
      { status: 'interrupting' },
      { isStale: true },
      'refresh',
    ],
    ['a waiting chat that may have moved on is read', { status: 'waiting' }, { isBehind: true }, 'refresh'],
    ['a waiting chat rests', { status: 'waiting' }, {}, 'rest'],
    ['a chat in error rests', { status: 'error' }, {}, 'rest'],
    ['an action that waits for the client rests', { status: 'requires_action' }, {}, 'rest'],
    [
      'an action past its deadline is cancelled',
      { status: 'requires_action' },
      { isActionOverdue: true },
      'cancel_action',
    ],
    ["another worker's chat is left", {}, { isOurs: false }, 'leave'],
    ['an archived chat is left', { status: 'waiting', archived: true }, {}, 'leave'],
    ['open local calls run', { openCalls: [localCall] }, {}, 'run_tools'],
    ['local calls run before the client is asked', { openCalls: [dynamicCall, localCall] }, {}, 'run_tools'],
    ['open dynamic calls go to the client', { openCalls: [dynamicCall] }, {}, 'enter_action'],
  ])('%s', (_name, chat, where, expected) => {
    expect(decide({ ...running, ...chat }, { ...standing, ...where }).type).toBe(expected);
  });

  it('a change of neither history nor attempt is the same work', () => {
    expect(decide({ ...running }, standing).key).toBe(decide(running, standing).key);
  });

  it('a new history and a new attempt are other work', () => {
    const { key } = decide(running, standing);
    expect(decide({ ...running, historyVersion: 8 }, standing).key).not.toBe(key);
    expect(decide({ ...running, generationAttempt: 1 }, standing).key).not.toBe(key);
  });

  it('only what calls models, runs tools or writes takes a place', () => {
    expect(isWork(decide(running, standing))).toBe(true);
    expect(isWork(decide({ ...running, status: 'waiting' }, standing))).toBe(false);
    expect(isWork(decide(running, { ...standing, isBehind: true }))).toBe(false);
  });
});
