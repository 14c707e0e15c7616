import { buildCommand, type TraceFlags } from './flags';
import type { RunFlags } from './run-plan';

async function parse(line: string): Promise<RunFlags | TraceFlags | undefined> {
  let taken: RunFlags | TraceFlags | undefined;
  const command = buildCommand({
    run: (flags) => Promise.resolve(void (taken = flags)),
    compare: () => Promise.resolve(),
    trace: (flags) => Promise.resolve(void (taken = flags)),
  });
  await command.parseAsync(line.split(' ').filter(Boolean), { from: 'user' });
  return taken;
}

describe('the command line', () => {
  it('shows the flags of a run in its help', () => {
    let shown = '';
    const command = buildCommand({
      run: () => Promise.resolve(),
      compare: () => Promise.resolve(),
      trace: () => Promise.resolve(),
    }).configureOutput({ writeOut: (text) => (shown += text) });
    command.outputHelp();
    for (const flag of ['compare', 'trace', '--profile', '--spawn', '--chaos', '--diagnose', '--json'])
      expect(shown).toContain(flag);
  });

  it('takes what it is given', async () => {
    expect(await parse('--spawn cluster --pool 2 --chats 500 --turns 3')).toMatchObject({
      spawn: 'cluster',
      pool: 2,
      chats: 500,
      turns: 3,
    });
    const url = '--url http://a --token t --mock-url http://m';
    expect(
      await parse(`${url} --service-urls gateway=http://g:1/,gateway=http://h:1 --diagnose d`),
    ).toMatchObject({ serviceUrls: { gateway: ['http://g:1', 'http://h:1'] } });
    expect(await parse('trace --out file')).toMatchObject({
      out: 'file',
      gateways: 1,
      workers: 1,
      relays: 1,
    });
  });

  it('takes faults for the profile of theirs, named or not', async () => {
    expect(await parse('--chaos kill-worker')).toMatchObject({ profile: 'chaos', chaos: ['kill-worker'] });
    expect(await parse('--profile chaos --chaos all')).toMatchObject({ profile: 'chaos' });
    expect(await parse('--chats 3')).toMatchObject({ profile: 'smoke' });
  });

  it.each([
    ['--spawn standalone --relays 2 --pool 4', '--relays, --pool have no effect with --spawn standalone'],
    ['--spawn standalone --chaos all', '--chaos has no effect with --spawn standalone'],
    ['--url http://a --workers 3', '--workers has no effect with --url'],
    ['--url http://a --no-fsync', '--no-fsync has no effect with --url'],
    ['--url http://a --spawn cluster', 'either --url or --spawn'],
    ['--url http://a --diagnose d', '--diagnose needs --service-urls'],
    ['--keep --mock-url http://m', '--mock-url, --keep have no effect without --url'],
    ['--duration 5 --turns 3', '--turns has no effect in a load that lasts by time'],
    ['--chaos restart-nats --max-recovery 5', '--max-recovery has no effect without --chaos kill-worker'],
    ['--profile open --turns 3', '--turns has no effect in a load that lasts by time'],
    ['--profile chaos --chaos all --turns 3', '--turns has no effect with --chaos'],
    ['--profile storm --chaos kill-worker', '--profile storm has no effect with --chaos'],
    ['--url http://a --metrics-token t', '--metrics-token has no effect without --service-urls'],
    ['--profile storm --titles', '--titles has no effect where titles are made anyway'],
    ['--url http://a --profile rivals --titles', '--titles has no effect with --url'],
    ['--profile storm --budget b', '--budget has no effect'],
  ])('refuses %s', async (line, why) => {
    await expect(parse(line)).rejects.toThrow(why);
  });
});
