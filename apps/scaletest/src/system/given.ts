/** A deployment that runs already. What it does not tell us stays unmeasured, and nothing of it is broken. */
import type { Target } from './target';

export interface GivenOptions {
  readonly url: string;
  readonly streamUrl: string | undefined;
  readonly token: string;
  readonly mockUrl: string;
  readonly databaseUrl: string | undefined;
  readonly natsMonitorUrl: string | undefined;
  /** Where its services show metrics, by name. */
  readonly serviceUrls: Readonly<Record<string, readonly string[]>>;
  readonly metricsToken: string | undefined;
}

export function givenTarget(options: GivenOptions): Target {
  const apiUrls = split(options.url);
  return {
    kind: 'given',
    apiUrls,
    streamUrls: options.streamUrl === undefined ? apiUrls : split(options.streamUrl),
    token: options.token,
    mockUrl: options.mockUrl.replace(/\/+$/, '').replace(/\/v1$/, ''),
    databaseUrl: options.databaseUrl,
    natsMonitorUrl: options.natsMonitorUrl,
    metricsUrls: options.serviceUrls,
    metricsToken: options.metricsToken,
    processes: () => ({ generator: [process.pid] }),
    topology: { given: true, gateways: apiUrls.length },
    chaos: undefined,
    stop: () => Promise.resolve(),
  };
}

const split = (urls: string): string[] => urls.split(',').map((url) => url.trim().replace(/\/+$/, ''));
