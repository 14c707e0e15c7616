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
    const second = commitThrough(gate);
    expect(gate.isOpen).toBe(false);
    first.finish();
    second.finish();
    await Promise.all([first.done, second.done]);
    expect(gate.isOpen).toBe(true);
    expect(entered).toEqual(['a']);
  });

  it('lets those who wait in one after another, more of them the fewer commits are left', async () => {
    const gate = new StepGate(3);
    const commits = [commitThrough(gate), commitThrough(gate), commitThrough(gate)] as const;
    const all = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => enter(gate, name));
    commits[0].finish();
    await commits[0].done;
    await turn();
    expect(entered).toEqual(['a']);
    // The commit fails: it is over all the same.
    commits[1].fail();
    await expect(commits[1].done).rejects.toThrow('Postgres is away');
    await turn();
    expect(entered).toEqual(['a', 'b', 'c']);
    commits[2].finish();
    await Promise.all([commits[2].done, ...all]);
    expect(entered).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  });

  it('does not let a newcomer in before those who wait', async () => {
    const gate = new StepGate(2);
    const commits = [commitThrough(gate), commitThrough(gate)] as const;
    const waiting = [enter(gate, 'a'), enter(gate, 'b')];
    commits[0].finish();
    await commits[0].done;
    const late = enter(gate, 'late');
    await turn();
    expect(entered).toEqual(['a']);
    commits[1].finish();
    await Promise.all([commits[1].done, ...waiting, late]);
    expect(entered).toEqual(['a', 'b', 'late']);
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
