import { BackgroundWork } from './background-work';

/** Jobs that end when they are told to. */
function gated(): { job: (stop: AbortSignal) => Promise<void>; started: () => number; endOne: () => void } {
  const open: (() => void)[] = [];
  let started = 0;
  const job = (stop: AbortSignal): Promise<void> => {
    started += 1;
    return new Promise((resolve) => {
      open.push(resolve);
      stop.addEventListener('abort', () => resolve(), { once: true });
    });
  };
  return { job, started: () => started, endOne: () => open.shift()?.() };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('runs so many at once, lets so many wait, and refuses the rest', async () => {
  const work = new BackgroundWork({ maxRunning: 2, maxWaiting: 1 });
  const { job, started, endOne } = gated();
  expect([work.add(job), work.add(job), work.add(job), work.add(job)]).toEqual([true, true, true, false]);
  expect(started()).toBe(2);
  endOne();
  await turn();
  expect(started()).toBe(3);
  await work.stop();
});

it('aborts what runs at a stop, awaits it, never starts what waits, and takes nothing more', async () => {
  const work = new BackgroundWork({ maxRunning: 1, maxWaiting: 5 });
  const { job, started } = gated();
  let hasEnded = false;
  work.add(async (stop) => {
    await job(stop);
    await turn();
    hasEnded = true;
  });
  work.add(job);
  await work.stop();
  expect(hasEnded).toBe(true);
  expect(started()).toBe(1);
  expect(work.add(job)).toBe(false);
});
