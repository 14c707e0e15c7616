import { buildCommand } from './flags';
import { planRun, type RunFlags } from './run-plan';

async function flagsOf(...args: string[]): Promise<RunFlags> {
  let given: RunFlags | undefined;
  const command = buildCommand({
    run: (flags) => {
      given = flags;
      return Promise.resolve();
    },
    compare: () => Promise.resolve(),
    trace: () => Promise.resolve(),
  });
  command.exitOverride();
  for (const sub of command.commands) sub.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync(args, { from: 'user' });
  if (given === undefined) throw new Error('The command did not run');
  return given;
}

const planOf = async (...args: string[]) => planRun(await flagsOf(...args), '/nowhere');

describe('the plan of a run', () => {
  it("is the profile's where no flag says otherwise", async () => {
    const plan = await planOf('--profile', 'full');
    expect(plan.loads).toMatchObject([{ chats: 5_000, turns: 10, shape: { chunks: 1, chunkMs: 0 } }]);
    expect(plan.spawn.ledgerEntries).toBeGreaterThanOrEqual(55_000);
    expect((await planOf()).profileName).toBe('smoke');
  });

  it('takes flags for every load, and holds no budget against another load than its own', async () => {
    const plan = await planOf('--chats', '3', '--turns', '2', '--chunk-ms', '7', '--workers', '4');
    expect(plan.loads.map(({ chats, turns, shape }) => [chats, turns, shape.chunkMs])).toEqual([
      [3, 2, 7],
      [3, 2, 7],
    ]);
    expect(plan.loads.some(({ isBudgeted }) => isBudgeted)).toBe(false);
    expect(plan.spawn.size.workers).toBe(4);
  });

  it('becomes an open loop by a rate, with a barrier before it', async () => {
    const [load] = (
      await planOf('--profile', 'rivals', '--rate', '50', '--arrivals', 'spike', '--duration', '12')
    ).loads;
    expect(load).toMatchObject({
      arrivals: { kind: 'spike', perSecond: 50, durationMs: 12_000 },
      turns: undefined,
      hasBarrier: true,
    });
  });

  it('gives each fault a load, and the bus a proxy only when it is to suffer', async () => {
    const plan = await planOf('--profile', 'chaos', '--chaos', 'kill-worker,restart-nats');
    expect(plan.loads.map(({ fault, chats, durationMs }) => [fault, chats, durationMs])).toEqual([
      ['kill-worker', 100, 60_000],
      ['restart-nats', 100, 60_000],
    ]);
    expect(plan.spawn.canDisturbBus).toBe(false);
    expect((await planOf('--chaos', 'drop-bus')).spawn.canDisturbBus).toBe(true);
  });

  it('puts tools, a queue and edits at stake in each fault, and calls that are made once only where none is refused', async () => {
    const { loads } = await planOf('--chaos', 'all');
    const mixOf = (fault: string) => loads.find((load) => load.fault === fault)?.mix;
    for (const { mix } of loads)
      for (const name of ['tool-heavy', 'queue-while-busy', 'edit'] as const)
        expect(mix[name]).toBeGreaterThan(0);
    expect(mixOf('kill-worker')).toMatchObject({ interrupt: 1, compaction: 1 });
    expect(mixOf('kill-gateway')).not.toHaveProperty('interrupt');
  });

  it('waits for turns until a minute after the last of many kills', async () => {
    const { loads } = await planOf('--chaos', 'kill-worker,kill-workers');
    expect(loads.map(({ turnTimeoutMs }) => turnTimeoutMs)).toEqual([60_000, 180_000]);
    expect((await planOf('--chaos', 'kill-workers', '--timeout', '30')).loads[0]?.turnTimeoutMs).toBe(30_000);
  });

  it('has Redis asked where it is to break', async () => {
    const limitOf = async (...args: string[]) => (await planOf(...args)).spawn.rateLimit;
    expect(await limitOf('--chaos', 'restart-nats')).toBe(0);
    expect(await limitOf('--chaos', 'restart-nats,restart-redis')).toBeGreaterThan(100_000);
    expect(await limitOf('--chaos', 'restart-redis', '--rate-limit', '500')).toBe(500);
  });

  it('bounds the recovery of what kills workers', async () => {
    const boundsOf = async (...args: string[]) =>
      (await planOf('--chaos', 'kill-workers,restart-nats', ...args)).loads.map((load) => load.maxRecoveryMs);
    expect(await boundsOf()).toEqual([10_000, undefined]);
    expect(await boundsOf('--max-recovery', '7.5')).toEqual([7_500, undefined]);
  });

  it('is refused with what would be good', async () => {
    await expect(flagsOf('--profile', 'huge')).rejects.toThrow(/Take one of smoke, rivals/);
    await expect(flagsOf('--chats', '0')).rejects.toThrow(/whole number from 1/);
    await expect(flagsOf('--mix', 'plan')).rejects.toThrow(/is no scenario/);
    await expect(flagsOf('--chaos', 'flood')).rejects.toThrow(/is no fault/);
    await expect(planOf('--profile', 'chaos')).rejects.toThrow(/Name the faults/);
  });
});
