/** The git hosts of this deployment, as configured, found by the host of a remote. Nothing else is ever called. */
import type { Clock } from '@parley/contracts';
import { z } from 'zod';
import type { GitsyncMetrics } from '../metrics';
import { GithubProvider } from '../github/github-provider';
import type { GitProvider } from './git-provider';

const httpOrigin = z
  .url({ protocol: /^https?$/ })
  .refine((value) => new URL(value).origin === value, 'must be an origin, such as https://github.com');

export const gitProviderSettings = z.strictObject({
  type: z.literal('github'),
  origin: httpOrigin,
  /** Default: that of GitHub for its cloud, `/api/v3` for GitHub Enterprise Server. */
  api_url: z.url({ protocol: /^https?$/ }).optional(),
  /** Of the OAuth or GitHub App through which accounts are linked; without them tokens are not refreshed. */
  client_id: z.string().min(1).optional(),
  client_secret: z.string().min(1).optional(),
});
export type GitProviderSettings = z.infer<typeof gitProviderSettings>;

export const DEFAULT_GIT_PROVIDERS: readonly GitProviderSettings[] = [
  { type: 'github', origin: 'https://github.com' },
];

export class GitProviders {
  private readonly byHost: ReadonlyMap<string, GitProvider>;

  constructor(providers: readonly GitProvider[]) {
    this.byHost = new Map(providers.map((provider) => [new URL(provider.origin).host, provider]));
  }

  static fromSettings(
    settings: readonly GitProviderSettings[],
    { clock, metrics }: { clock: Clock; metrics: GitsyncMetrics },
  ): GitProviders {
    return new GitProviders(settings.map((each) => new GithubProvider({ settings: each, clock, metrics })));
  }

  /** `host` as in `Remote`; null when no provider is configured for it. */
  ofHost(host: string): GitProvider | null {
    return this.byHost.get(host) ?? null;
  }
}
