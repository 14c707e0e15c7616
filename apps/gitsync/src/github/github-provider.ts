/**
 * GitHub, in the cloud or as an enterprise server, through Octokit with our own `fetch` (bounded-fetch.ts). One client for all
 * accounts: the token goes with each call.
 */
import { Octokit } from '@octokit/rest';
import type { Clock } from '@parley/contracts';
import type { PullRequest, TokenPair } from '@parley/diff-status';
import type { z } from 'zod';
import type { GitsyncMetrics } from '../metrics';
import { GitProviderError, TokenRejectedError } from '../provider/errors';
import type {
  BranchRef,
  CallContext,
  GitProvider,
  PullRequestRef,
  RepositoryRef,
} from '../provider/git-provider';
import type { GitProviderSettings } from '../provider/git-providers';
import { BoundedFetch } from './bounded-fetch';
import {
  pullRequestBody,
  pullRequestListBody,
  repositoryBody,
  reviewListBody,
  textBody,
  tokenBody,
  type PullRequestBody,
} from './github-bodies';
import { toProviderError } from './github-errors';
import { verdictOf, type Review } from './reviews';

const API_VERSION = '2022-11-28';
const CLOUD = 'https://github.com';
const CLOUD_API = 'https://api.github.com';
const ENTERPRISE_API_PATH = '/api/v3';
/** One page: a pull request with more reviews is too rare to ask again for each of them. */
const MAX_REVIEWS = 100;

export interface GithubProviderOptions {
  readonly settings: GitProviderSettings;
  readonly clock: Clock;
  readonly metrics: GitsyncMetrics;
}

export class GithubProvider implements GitProvider {
  readonly name = 'github';
  readonly origin: string;
  private readonly octokit: Octokit;
  private readonly http: BoundedFetch;

  constructor(private readonly options: GithubProviderOptions) {
    const { settings, metrics } = options;
    this.origin = settings.origin;
    this.http = new BoundedFetch((status) => metrics.providerCalled(status));
    this.octokit = new Octokit({
      baseUrl: settings.api_url ?? (this.origin === CLOUD ? CLOUD_API : this.origin + ENTERPRISE_API_PATH),
      userAgent: 'parley-gitsync',
      request: { fetch: this.http.fetch },
      // What matters of an answer is thrown; Octokit would log deprecations on stderr.
      log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
    });
  }

  parsePullRequestUrl(url: string): PullRequestRef | null {
    if (!URL.canParse(url)) return null;
    const { origin, pathname } = new URL(url);
    const [, owner, name, number] = /^\/([\w.-]+)\/([\w.-]+)\/pull\/(\d{1,9})\/?$/.exec(pathname) ?? [];
    if (origin !== this.origin || owner === undefined || name === undefined) return null;
    return { owner, name, number: Number(number) };
  }

  async findPullRequest(ref: BranchRef, context: CallContext): Promise<PullRequestRef | null> {
    const { owner, name: repo, branch } = ref;
    const [found] = await this.call(pullRequestListBody, () =>
      this.octokit.rest.pulls.list({
        owner,
        repo,
        state: 'open',
        head: `${owner}:${branch}`,
        sort: 'updated',
        direction: 'desc',
        per_page: 1,
        ...request(context),
      }),
    );
    return found === undefined ? null : { owner, name: repo, number: found.number };
  }

  async readPullRequest(ref: PullRequestRef, context: CallContext): Promise<PullRequest> {
    const target = { ...place(ref), pull_number: ref.number };
    const body = await this.call(pullRequestBody, () =>
      this.octokit.rest.pulls.get({ ...target, ...request(context) }),
    );
    const reviews = await this.call(reviewListBody, () =>
      this.octokit.rest.pulls.listReviews({ ...target, per_page: MAX_REVIEWS, ...request(context) }),
    );
    return toPullRequest(
      body,
      reviews.map(({ id, user, state }) => ({ id, login: user?.login ?? null, state })),
    );
  }

  readPullRequestDiff(ref: PullRequestRef, context: CallContext): Promise<string> {
    const target = { ...place(ref), pull_number: ref.number };
    return this.call(textBody, () =>
      this.octokit.rest.pulls.get({ ...target, mediaType: { format: 'diff' }, ...request(context) }),
    );
  }

  async readBranchDiff(ref: BranchRef, context: CallContext): Promise<string> {
    const repository = await this.call(repositoryBody, () =>
      this.octokit.rest.repos.get({ ...place(ref), ...request(context) }),
    );
    const basehead = `${repository.default_branch}...${ref.branch}`;
    return this.call(textBody, () =>
      this.octokit.rest.repos.compareCommitsWithBasehead({
        ...place(ref),
        basehead,
        mediaType: { format: 'diff' },
        ...request(context),
      }),
    );
  }

  async exchangeToken(refreshToken: string, signal: AbortSignal): Promise<TokenPair> {
    const { client_id: clientId, client_secret: clientSecret } = this.options.settings;
    if (clientId === undefined || clientSecret === undefined) throw new TokenRejectedError();
    const response = await this.http.fetch(`${this.origin}/login/oauth/access_token`, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        client_id: clientId,
        client_secret: clientSecret,
        grant_type: 'refresh_token',
        refresh_token: refreshToken,
      }).toString(),
      redirect: 'error',
      signal,
    });
    const body = tokenBody.safeParse(await response.json().catch(() => null));
    if (!body.success) throw new GitProviderError('The token endpoint failed.', response.status);
    if ('error' in body.data) throw new TokenRejectedError();
    const { access_token: accessToken, refresh_token: next = null, expires_in: seconds } = body.data;
    const expiresAt = seconds === undefined ? null : new Date(this.options.clock.now() + seconds * 1_000);
    return { accessToken, refreshToken: next ?? refreshToken, expiresAt };
  }

  private async call<T>(schema: z.ZodType<T>, send: () => Promise<{ data: unknown }>): Promise<T> {
    let data: unknown;
    try {
      ({ data } = await send());
    } catch (error) {
      throw toProviderError(error, this.options.clock.now());
    }
    const parsed = schema.safeParse(data);
    if (!parsed.success)
      throw new GitProviderError('The host answered something else than its API says.', 200);
    return parsed.data;
  }
}

const nothing = (): void => undefined;
const place = ({ owner, name }: RepositoryRef) => ({ owner, repo: name });
const request = ({ accessToken, signal }: CallContext) => ({
  headers: { authorization: `Bearer ${accessToken}`, 'x-github-api-version': API_VERSION },
  request: { signal },
});

function toPullRequest(body: PullRequestBody, reviews: readonly Review[]): PullRequest {
  return {
    url: body.html_url,
    number: body.number,
    state: body.merged ? 'merged' : body.state,
    title: body.title,
    isDraft: body.draft,
    additions: body.additions,
    deletions: body.deletions,
    changedFiles: body.changed_files,
    commits: body.commits,
    authorLogin: body.user?.login ?? null,
    authorAvatarUrl: body.user?.avatar_url ?? null,
    baseBranch: body.base.ref,
    headBranch: body.head.ref,
    ...verdictOf(reviews),
  };
}
