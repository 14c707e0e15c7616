import type { LoadPlan } from './load/load-plan';
import { chaosLoad, PROFILES } from './profiles';
import { loadRuns } from './report/repeats';
import { runLoads } from './run-loads';
import { sampleLoad } from './testing/sample-report';

function setUp(loads: readonly LoadPlan[], warmUpChats: number) {
  const told: string[] = [];
  const warmUps: LoadPlan[] = [];
  let diagnosed = (): void => undefined;
  const test = {
    warmUp: (plan: LoadPlan) => {
      warmUps.push(plan);
      told.push('warm-up');
      return Promise.resolve();
    },
    run: ({ name }: LoadPlan) => {
      told.push(name);
      diagnosed();
      if (name === 'breaks') return Promise.reject(new Error('broken'));
      return Promise.resolve(loadRuns([sampleLoad({ load: name })]));
    },
  };
  const diagnosis = async (): Promise<void> => {
    told.push('diagnosis begins');
    await new Promise<void>((resolve) => (diagnosed = resolve));
    told.push('diagnosis ends');
  };
  const plan = { loads, repeat: 1, profile: { ...PROFILES.smoke, warmUpChats } };
  const progress = { say: () => undefined };
  const { signal } = new AbortController();
  return { options: { test, plan, progress, signal, diagnosis }, told, warmUps };
}

const named = (name: string): LoadPlan => ({ ...PROFILES.open.loads[0], name });

describe('the loads of a run', () => {
  it('are looked into from the first that counts on, not while the system is warmed up', async () => {
    const { options, told } = setUp([named('first'), named('second')], 3);
    const done: Awaited<ReturnType<typeof options.test.run>>[] = [];
    await runLoads(options, done);
    expect(told).toEqual(['warm-up', 'diagnosis begins', 'first', 'diagnosis ends', 'second']);
    expect(done.map(({ reported }) => reported.load)).toEqual(['first', 'second']);
  });

  it('that were run are there though a later one broke, and so is what was looked into', async () => {
    const { options, told } = setUp([named('first'), named('breaks')], 0);
    const done: Awaited<ReturnType<typeof options.test.run>>[] = [];
    await expect(runLoads(options, done)).rejects.toThrow('broken');
    expect(done).toHaveLength(1);
    expect(told).toContain('diagnosis ends');
  });

  it.each([
    ['a fault', chaosLoad('kill-worker')],
    ['an open loop', named('open')],
  ])('are warmed up without what they suffer: %s', async (_what, load) => {
    const { options, warmUps } = setUp([load], 3);
    await runLoads(options, []);
    expect(warmUps).toEqual([{ ...load, ...UNHURT, chats: 3, turns: 5, name: 'warm-up' }]);
  });

  it('are warmed up with as many turns as they have', async () => {
    const { options, warmUps } = setUp(PROFILES.storm.loads, 20);
    await runLoads(options, []);
    expect(warmUps).toMatchObject([{ chats: 20, turns: 10, hasBarrier: true }]);
  });
});

const UNHURT = {
  fault: undefined,
  arrivals: undefined,
  durationMs: undefined,
  maxRecoveryMs: undefined,
  mustBeLimited: undefined,
};
