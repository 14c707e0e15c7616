/**
 * Refuses flags that would do nothing with the others: a run that silently ignores what it was told measures something else than its
 * operator believes. Only flags that were given count, not defaults.
 */
import type { Command } from 'commander';
import { isFaultName, KILLS_WORKERS } from './chaos/faults';
import { isProfileName, type Profile, type ProfileName, PROFILES } from './profiles';

/** Names as commander has them; for people they are the flags. */
const OF_CLUSTERS = ['gateways', 'workers', 'relays', 'pool', 'rateLimit', 'throughGateways', 'chaos'];
const OF_GIVEN = [
  'token',
  'streamUrl',
  'mockUrl',
  'databaseUrl',
  'natsMonitorUrl',
  'serviceUrls',
  'metricsToken',
  'keep',
];

/** What `--chaos` alone means. */
export const CHAOS_PROFILE: ProfileName = 'chaos';

/** The options that were given on the command line. */
export function givenOptions(command: Command): ReadonlySet<string> {
  const names = command.options.map((option) => option.attributeName());
  return new Set(names.filter((name) => command.getOptionValueSource(name) === 'cli'));
}

/** @throws Error naming the flags and what makes them useless */
export function refuseUseless(raw: Record<string, unknown>, given: ReadonlySet<string>): void {
  if (given.has('url')) refuseWithUrl(given);
  else refuse(OF_GIVEN, given, 'without --url');
  if (raw['spawn'] === 'standalone') refuse(OF_CLUSTERS, given, 'with --spawn standalone');
  if (given.has('chaos')) refuseWithChaos(raw, given);
  const profile: Profile = PROFILES[toProfileName(raw['profile'])];
  const isTimed = ['duration', 'rate', 'arrivals'].some((name) => given.has(name));
  if (isTimed || isAllTimed(profile)) refuse(['turns'], given, 'in a load that lasts by time');
  if (profile.hasTitles) refuse(['titles'], given, 'where titles are made anyway');
  if (!killsWorkers(raw['chaos']))
    refuse(['maxRecovery'], given, 'without --chaos kill-worker or kill-workers');
  const isOther = isTimed || ['chaos', 'mix', 'turns'].some((name) => given.has(name));
  if (isOther || !profile.loads.some((load) => load.isBudgeted))
    refuse(['budget'], given, 'with a load that the budget was not measured with');
}

function refuseWithUrl(given: ReadonlySet<string>): void {
  if (given.has('spawn')) throw new Error('Give either --url or --spawn');
  refuse([...OF_CLUSTERS, 'fsync', 'titles'], given, 'with --url, whose processes are not ours');
  if (given.has('diagnose') && !given.has('serviceUrls'))
    throw new Error('--diagnose needs --service-urls with --url: where the services can be looked into');
  if (!given.has('serviceUrls')) refuse(['metricsToken'], given, 'without --service-urls');
}

/** Its loads are of no other profile, and last by time. */
function refuseWithChaos(raw: Record<string, unknown>, given: ReadonlySet<string>): void {
  refuse(['turns'], given, 'with --chaos, whose loads last by time');
  if (given.has('profile') && raw['profile'] !== CHAOS_PROFILE)
    throw new Error(
      `--profile ${String(raw['profile'])} has no effect with --chaos, whose loads are those of --profile ${CHAOS_PROFILE}`,
    );
}

const isAllTimed = ({ loads }: Profile): boolean =>
  loads.length > 0 &&
  loads.every(({ arrivals, durationMs }) => arrivals !== undefined || durationMs !== undefined);

const killsWorkers = (faults: unknown): boolean =>
  Array.isArray(faults) &&
  faults.some((name) => typeof name === 'string' && isFaultName(name) && KILLS_WORKERS.has(name));

const toProfileName = (name: unknown): ProfileName =>
  typeof name === 'string' && isProfileName(name) ? name : 'smoke';

function refuse(names: readonly string[], given: ReadonlySet<string>, why: string): void {
  const useless = names.filter((name) => given.has(name)).map(flagOf);
  if (useless.length > 0)
    throw new Error(`${useless.join(', ')} ${useless.length > 1 ? 'have' : 'has'} no effect ${why}`);
}

const flagOf = (name: string): string =>
  name === 'fsync' ? '--no-fsync' : `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
