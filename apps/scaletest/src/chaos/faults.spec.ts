import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ChaosControls, ServiceRole } from '../system/target';
import { killedByTurns } from './faults';

/** Workers that take some turns of the event loop to start. */
class FakeWorkers implements Pick<ChaosControls, 'count' | 'kill' | 'start'> {
  readonly killed: number[] = [];
  readonly upWhenKilled: number[] = [];
  private readonly up: boolean[];

  constructor(
    size: number,
    private readonly startTurns: number,
    private readonly onKill: (kills: number) => void,
  ) {
    this.up = Array.from({ length: size }, () => true);
  }

  count(): number {
    return this.up.length;
  }

  kill(_role: ServiceRole, index: number): Promise<void> {
    if (this.up[index] !== true) throw new Error(`${index} is down already`);
    this.upWhenKilled.push(this.up.filter(Boolean).length);
    this.up[index] = false;
    this.killed.push(index);
    this.onKill(this.killed.length);
    return Promise.resolve();
  }

  async start(_role: ServiceRole, index: number): Promise<void> {
    for (let turn = 0; turn < this.startTurns; turn += 1) await nextTurn();
    this.up[index] = true;
  }

  get areAllUp(): boolean {
    return this.up.every(Boolean);
  }
}

async function killWorkers(size: number, startTurns: number): Promise<FakeWorkers> {
  const enough = new AbortController();
  const workers = new FakeWorkers(size, startTurns, (kills) => {
    if (kills === 7) enough.abort();
  });
  const fault = killedByTurns({ everyMs: 1, forMs: 60_000 });
  await fault.strike(workers as unknown as ChaosControls, enough.signal);
  return workers;
}

describe('kill-workers', () => {
  it.each([0, 50])('kills those that are up, by turns, and never the last one (%i)', async (startTurns) => {
    const workers = await killWorkers(3, startTurns);
    expect(workers.killed).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(Math.min(...workers.upWhenKilled)).toBeGreaterThanOrEqual(2);
    expect(workers.areAllUp).toBe(true);
  });

  it('kills the only one again when it is up again', async () => {
    const workers = await killWorkers(1, 50);
    expect(workers.killed).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(workers.areAllUp).toBe(true);
  });
});
