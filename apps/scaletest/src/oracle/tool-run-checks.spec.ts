import { SPAWN_TOOL, type ToolCallOrder } from '../answer-shape';
import { healthyChat, observedTurn } from '../testing/evidence';
import type { Blow } from './blow';
import { checkChildren } from './extra-row-checks';
import type { ObservedTurn } from './observation';
import { checkToolRunCount, checkToolRuns } from './tool-run-checks';

const SPAWN: ToolCallOrder = { name: SPAWN_TOOL, arguments: { prompt: 'x' } };

/** Two calls of a tool of the platform. */
const spawning = (change: Partial<ObservedTurn> = {}): ObservedTurn => {
  const turn = observedTurn('a/0', [2]);
  return { ...turn, order: { ...turn.order, calls: [[SPAWN, SPAWN]] }, ...change };
};

function details(runs: number | null, turns: ObservedTurn[], blows: Blow[] = [], runsLookup = false) {
  const chats = [healthyChat(turns)];
  return checkToolRunCount({ runs, chats, runsLookup, blows }).map(
    ({ kind, detail }) => `${kind}: ${detail}`,
  );
}

describe('the tools that the platform runs', () => {
  it('are run once for each call, where each run is known', () => {
    expect(checkToolRuns(['a', 'b', 'c'])).toEqual([]);
    expect(checkToolRuns(['a', 'b', 'a']).map(({ detail }) => detail)).toEqual([
      'the platform ran call a 2 times',
    ]);
  });

  it('are run no more often than they were ordered, where runs are only counted', () => {
    expect(details(2, [spawning()])).toEqual([]);
    expect(details(3, [spawning()])).toEqual([
      'tool_run_twice: the workers ran tools 3 times, 2 at most were ordered',
    ]);
    expect(details(1, [spawning()])).toEqual([]);
    expect(details(null, [spawning()])).toEqual([]);
  });

  it('do not have the client’s tool among them, unless they have', () => {
    const asked = [observedTurn('a/0', [1, 2])];
    expect(details(0, asked)).toEqual([]);
    expect(details(1, asked)).toHaveLength(1);
    expect(details(3, asked, [], true)).toEqual([]);
    expect(details(4, asked, [], true)).toHaveLength(1);
  });

  it('may be run again for a call that a blow struck, as often as steps may be generated again, and for no other', () => {
    const atMs = performance.timeOrigin + 100_000;
    const kill: Blow = { what: 'kill', atMs, untilMs: atMs, regenerations: 1, mayRefuse: false };
    const struck = spawning({ sentAtMs: 99_990, doneAtMs: 106_000 });
    const before = spawning({ sentAtMs: 10, doneAtMs: 20 });
    expect(details(6, [struck, before], [kill])).toEqual([]);
    expect(details(7, [struck, before], [kill])).toHaveLength(1);
    expect(details(5, [struck, before], [{ ...kill, regenerations: 0 }])).toHaveLength(1);
    expect(details(4, [spawning({ sentAtMs: 99_990, doneAtMs: 0 })], [kill])).toEqual([]);
  });
});

describe('the subagents of a chat', () => {
  const { history } = healthyChat([spawning()]);
  const agents = ['one', 'two'].map((chatId, at) => ({
    callId: `a/0-0-${at}`,
    chatId,
    reportDigest: undefined,
  }));
  const told = history.map((row) => (row.role === 'tool' ? { ...row, agents } : row));

  it('are those that its calls made', () => {
    expect(checkChildren(['two', 'one'], told)).toEqual([]);
    expect(checkChildren(null, told)).toEqual([]);
    expect(checkChildren([], history)).toEqual([]);
    const differ = (children: string[]): string | undefined => checkChildren(children, told)[0]?.detail;
    expect(differ(['one', 'two', 'three'])).toBe(
      'of 3 subagents 1 are in no result, and 0 of the results have none',
    );
    expect(differ(['one'])).toBe('of 1 subagents 0 are in no result, and 1 of the results have none');
  });
});
