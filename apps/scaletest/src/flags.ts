/** The command line: `scaletest [flags]` and `scaletest compare A.json B.json`. A bad value stops with what would be good. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseFaults } from './chaos/faults';
import { isProfileName, PROFILES, type ProfileName } from './profiles';
import { ARRIVAL_CHOICES, type RunFlags } from './run-plan';
import { count, httpUrl, httpUrls, orInvalid, parseServiceUrls, positive, seconds } from './flag-values';
import { CHAOS_PROFILE, givenOptions, refuseUseless } from './useless-flags';
import { parseMix } from './scenarios/mix';

export interface Actions {
  readonly run: (flags: RunFlags) => Promise<void>;
  readonly compare: (before: string, after: string) => Promise<void>;
  readonly trace: (flags: TraceFlags) => Promise<void>;
}

export interface TraceFlags {
  readonly out: string;
  readonly gateways: number;
  readonly workers: number;
  readonly relays: number;
}

export function buildCommand({ run, compare, trace }: Actions): Command {
  const program = new Command('npm run scaletest --').description(
    'Loads a Parley, checks every turn, and reports what it cost. Everything it starts it stops.',
  );
  const command = program.command('run', { isDefault: true }).description('a load, by profile and flags');
  addTargetFlags(command);
  addLoadFlags(command);
  addOutputFlags(command);
  command.action((raw: Record<string, unknown>) => {
    const given = givenOptions(command);
    refuseUseless(raw, given);
    const isChaos = given.has('chaos') && !given.has('profile');
    return run(toRunFlags(isChaos ? { ...raw, profile: CHAOS_PROFILE } : raw));
  });
  program
    .command('compare')
    .description('two reports side by side')
    .argument('<before>', 'a file written by --json')
    .argument('<after>', 'another one')
    .action(compare);
  program
    .command('trace')
    .description('one turn through a cluster of processes of its own, as a trace in a file')
    .requiredOption('--out <file>', 'where the spans go, as OTLP JSON lines')
    .option('--gateways <n>', 'gateway processes', count(1, 20), 1)
    .option('--workers <n>', 'chat-worker processes', count(1, 20), 1)
    .option('--relays <n>', 'stream-relay processes', count(1, 20), 1)
    .action(trace);
  program.addHelpText('after', () => `\nFlags of a run:\n${command.helpInformation()}`);
  return program;
}

function addTargetFlags(command: Command): void {
  command
    .addOption(new Option('--profile <name>', profileHelp()).argParser(profile).default('smoke'))
    .addOption(
      new Option(
        '--spawn <kind>',
        'start a system to load (default: cluster, unless --url is given)',
      ).choices(['standalone', 'cluster']),
    )
    .option('--url <urls>', 'a running deployment; several gateways with commas', httpUrls)
    .option('--stream-url <urls>', 'where its streams are (default: --url)', httpUrls)
    .option('--token <token>', 'of one of its administrators, with --url')
    .option('--mock-url <url>', 'the llmmock that the deployment can reach, with --url', httpUrl)
    .option('--database-url <url>', 'to read pg_stat_statements, with --url')
    .option('--nats-monitor-url <url>', 'the monitoring port of its NATS, with --url', httpUrl)
    .option(
      '--service-urls <urls>',
      'where its services show metrics, as gateway=http://…,chat-worker=http://…, with --url; for --diagnose on this machine and with DEBUG_ENDPOINTS',
      (text) => orInvalid(() => parseServiceUrls(text)),
    )
    .option('--metrics-token <token>', 'the METRICS_TOKEN of its services, with --service-urls')
    .option('--gateways <n>', 'gateway processes', count(1, 20))
    .option('--workers <n>', 'chat-worker processes', count(1, 20))
    .option('--relays <n>', 'stream-relay processes', count(1, 20))
    .option('--pool <n>', 'Postgres connections of each process', count(2, 100), 10)
    .option(
      '--rate-limit <n>',
      'requests a user may make in a minute, of a spawned cluster',
      count(0, 10_000_000),
    )
    .option('--through-gateways', 'send streams through the gateways, as without an ingress', false)
    .option('--no-fsync', 'commits of a spawned Postgres do not wait for the disk')
    .option('--titles', 'a model makes titles of new chats in rivals too, as in every other profile');
}

function addLoadFlags(command: Command): void {
  command
    .option('--chats <n>', 'chats at once', count(1, 100_000))
    .option('--turns <n>', 'turns of each chat, its first one included', count(1, 100_000))
    .option('--duration <s>', 'seconds of follow-up turns, in place of --turns', seconds)
    .option('--rate <n>', 'open loop: turns a second', positive)
    .addOption(new Option('--arrivals <kind>', 'open loop: how turns arrive').choices(ARRIVAL_CHOICES))
    .option('--mix <weights>', 'scenarios by weight, e.g. plain=5,edit=1', (text) =>
      orInvalid(() => parseMix(text)),
    )
    .option('--users <n>', 'who own the chats', count(1, 1_000))
    .option('--chunks <n>', 'chunks of an answer', count(1, 10_000))
    .option('--chunk-size <n>', 'characters of a chunk', count(1, 100_000))
    .option('--chunk-ms <ms>', 'between two chunks', count(0, 60_000))
    .option('--turn-start-delay <s>', 'pause between the first turns and the rest', seconds)
    .option('--timeout <s>', 'a turn that takes longer hangs', seconds)
    .option(
      '--chaos <faults>',
      'all, or names with commas: each gets a load of its own, as --profile chaos has it',
      (text) => orInvalid(() => parseFaults(text)),
    )
    .option(
      '--max-recovery <s>',
      'when work of a killed worker has to go on elsewhere, with --chaos kill-worker or kill-workers (default: 10)',
      seconds,
    )
    .option('--repeat <n>', 'runs of each load; the median one is reported', count(1, 50))
    .option('--seed <text>', 'repeats the mix and the arrivals of a run');
}

function addOutputFlags(command: Command): void {
  command
    .option('--json <file>', 'write the report as JSON')
    .option('--html <file>', 'write the report as a page')
    .option('--diagnose <dir>', 'take CPU profiles and heap snapshots of the services during the first load')
    .option(
      '--floor',
      'also measure clients on the mock with no server, and Postgres with two commits a turn',
      false,
    )
    .option('--budget <file>', 'the SQL budget to keep (default: the one of this repository)')
    .option('--keep', 'do not archive the chats of a given deployment afterwards', false);
}

/** Commander names options by their flag; the plan wants units in its names. */
export function toRunFlags(raw: Record<string, unknown>): RunFlags {
  const { duration, rate, turnStartDelay, timeout, maxRecovery, ...rest } = raw;
  const renamed = {
    ...rest,
    ...(duration === undefined ? {} : { durationMs: duration }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
    ...(turnStartDelay === undefined ? {} : { turnStartDelayMs: turnStartDelay }),
    ...(timeout === undefined ? {} : { turnTimeoutMs: timeout }),
    ...(maxRecovery === undefined ? {} : { maxRecoveryMs: maxRecovery }),
  };
  return renamed as unknown as RunFlags;
}

function profileHelp(): string {
  return Object.entries(PROFILES)
    .map(([name, { what }]) => `${name}: ${what}`)
    .join('; ');
}

function profile(text: string): ProfileName {
  if (!isProfileName(text))
    throw new InvalidArgumentError(`Take one of ${Object.keys(PROFILES).join(', ')}.`);
  return text;
}
