import { setImmediate as turn } from 'node:timers/promises';
import { StepGate } from './step-gate';

interface Commit {
  finish(): void;
  fail(): void;
  readonly done: Promise<void>;
}

function commitThrough(gate: StepGate): Commit {
  let finish = (): void => undefined;
  let fail = (): void => undefined;
  const done = gate.commit(
    () =>
      new Promise<void>((resolve, reject) => {
        finish = resolve;
        fail = () => reject(new Error('Postgres is away'));
      }),
  );
  return { done, finish: () => finish(), fail: () => fail() };
}

describe('StepGate', () => {
  const never = new AbortController().signal;
  let entered: string[];

  beforeEach(() => {
    entered = [];
  });

  function enter(gate: StepGate, name: string, signal: AbortSignal = never): Promise<void> {
    return gate.pass(signal).then((isIn) => void entered.push(isIn ? name : `${name} left`));
  }

  it('is open as long as fewer commits than the limit are under way', async () => {
    const gate = new StepGate(2);
    const first = commitThrough(gate);
    await enter(gate, 'a');
    await turn();
    const second = commitThrough(gate);
    expect(gate.isOpen).toBe(false);
    first.finish();
    second.finish();
    await Promise.all([first.done, second.done]);
    expect(gate.isOpen).toBe(true);
    expect(entered).toEqual(['a']);
  });

  it('lets those who wait in one after another, as commits end', async () => {
    const gate = new StepGate(2);
    const commits = [commitThrough(gate), commitThrough(gate)] as const;
    const all = ['a', 'b', 'c'].map((name) => enter(gate, name));
    await turn();
    expect(entered).toEqual([]);
    commits[0].finish();
    await commits[0].done;
    const more = commitThrough(gate);
    await turn();
    expect(entered).toEqual(['a']);
    // The commit fails: it is over all the same.
    commits[1].fail();
    await expect(commits[1].done).rejects.toThrow('Postgres is away');
    const late = enter(gate, 'late');
    await Promise.all([...all, late]);
    expect(entered).toEqual(['a', 'b', 'c', 'late']);
    more.finish();
    await more.done;
  });

  it('lets only so many in at each turn of the event loop, and nobody waits for nothing', async () => {
    const gate = new StepGate(2);
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => enter(gate, name));
    await Promise.resolve();
    await Promise.resolve();
    expect(entered).toEqual(['a', 'b']);
    await turn();
    expect(entered).toEqual(['a', 'b', 'c', 'd']);
    await Promise.all(all);
    expect(entered).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('lets go of who was told to stop, and of who was before asking', async () => {
    const gate = new StepGate(1);
    const commit = commitThrough(gate);
    const stop = new AbortController();
    const waiting = enter(gate, 'a', stop.signal);
    stop.abort();
    await waiting;
    await enter(gate, 'b', stop.signal);
    expect(entered).toEqual(['a left', 'b left']);
    commit.finish();
    await commit.done;
  });
});
