import { ledgerCall, observedTurn, rowsOf, seen } from '../testing/evidence';
import type { Blow } from './blow';
import { checkInterruption, type InterruptedTurn } from './interruption-checks';
import type { ObservedTurn } from './observation';

const interrupted = (change: Partial<ObservedTurn> = {}): ObservedTurn => ({
  ...observedTurn('a/0'),
  ending: 'cut',
  sentAtMs: 1_000,
  doneAtMs: 1_400,
  interruption: { takenAtMs: 1_200, hadParts: true },
  ...change,
});

function kinds(change: Partial<InterruptedTurn>): string[] {
  const turn = change.turn ?? interrupted();
  const [user] = rowsOf(turn, 1);
  if (user === undefined) throw new Error('The turn has no message');
  const history = [user, seen(2, 'assistant', 'a beginning')];
  const calls = [{ ...ledgerCall(1, 0), isWhole: false, durationMs: 210 }];
  return checkInterruption({ turn, calls, history, blows: [], ...change }).map(({ kind }) => kind);
}

const whole = (durationMs: number) => [{ ...ledgerCall(1, 0), durationMs }];

describe('a turn that was stopped', () => {
  it('is right when the model was left and what was seen is kept, or when the answer was whole by then', () => {
    expect(kinds({})).toEqual([]);
    expect(kinds({ calls: whole(210) })).toEqual([]);
    expect(kinds({ calls: [] })).toEqual([]);
  });

  it('is not right when the model went on to the end', () => {
    expect(kinds({ calls: whole(1_600) })).toEqual([]);
    expect(kinds({ calls: whole(1_800) })).toEqual(['interrupt_ignored']);
    const late = interrupted({ interruption: { takenAtMs: 2_500, hadParts: true } });
    expect(kinds({ turn: late, calls: whole(1_800) })).toEqual([]);
  });

  it('is not right when the beginning that was seen is gone', () => {
    const [user] = rowsOf(interrupted(), 1);
    if (user === undefined) throw new Error('The turn has no message');
    expect(kinds({ history: [user] })).toEqual(['partial_lost']);
    expect(kinds({ history: [user, seen(2, 'assistant', '')] })).toEqual(['partial_lost']);
    const next = rowsOf(observedTurn('a/1'), 2);
    expect(kinds({ history: [user, ...next] })).toEqual(['partial_lost']);
    const unseen = interrupted({ interruption: { takenAtMs: 1_200, hadParts: false } });
    expect(kinds({ history: [user], turn: unseen })).toEqual([]);
  });

  it('is excused by a fault that struck it, and is no such turn when nothing ran any more', () => {
    const atMs = performance.timeOrigin + 1_100;
    const kill: Blow = { what: 'kill', atMs, untilMs: atMs, regenerations: 1, mayRefuse: false };
    expect(kinds({ history: [], calls: whole(9_000), blows: [kill] })).toEqual([]);
    expect(kinds({ history: [], calls: whole(9_000), blows: [{ ...kill, atMs: atMs + 60_000 }] })).toEqual([
      'interrupt_ignored',
      'partial_lost',
    ]);
    const ended = interrupted({ ending: 'complete', interruption: undefined });
    expect(kinds({ turn: ended, history: [], calls: whole(9_000) })).toEqual([]);
  });
});
