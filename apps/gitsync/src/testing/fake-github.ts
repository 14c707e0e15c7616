/**
 * A strict fake of the parts of GitHub's REST API that gitsync calls, as a real HTTP server.
 *
 * It answers exactly what the API would for the state that the test gave it, with ETags, both kinds of rate limit and revoked tokens. What
 * gitsync must not do (an unknown route, a missing header, a parameter it did not expect, a call while it was told to wait) is
 * answered as GitHub would and noted in `violations`, which a test checks to be empty.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerTo, type Answer } from './github-routes';
import type { FakePull } from './github-objects';

export interface GithubCall {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly accept: string;
  readonly login: string | null;
  readonly status: number;
}

interface FakeAccount {
  readonly login: string;
  remaining: number;
  resetAt: number;
  secondary: { until: number; retryAfterSeconds: number; status: 403 | 429 } | null;
  /** When it was first told to wait. Calls of that very instant were under way already. */
  toldAt: number | null;
}

export interface TokenAnswer {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly expires_in: number;
}

const HOUR_MS = 60 * 60_000;
const PRIMARY_LIMIT = 5_000;
const API_VERSION = '2022-11-28';
const MEDIA_TYPES = ['application/vnd.github.v3+json', 'application/vnd.github.v3.diff'];

export class FakeGithub {
  readonly calls: GithubCall[] = [];
  readonly violations: string[] = [];
  readonly pulls: FakePull[] = [];
  /** `owner/repo` → branch → diff against the default branch. */
  readonly branches = new Map<string, Map<string, string>>();
  /** Refresh token → what it is exchanged for; once. */
  readonly exchanges = new Map<string, TokenAnswer>();
  /** Every answer waits for this. */
  gate: Promise<void> = Promise.resolve();
  inFlight = 0;
  maxInFlight = 0;
  private readonly accounts = new Map<string, FakeAccount>();
  private readonly server: Server;

  /** `now`: milliseconds since the epoch, by the test's clock. */
  constructor(private readonly now: () => number) {
    this.server = createServer((request, response) => void this.handle(request, response));
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** What remotes and web pages begin with. */
  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  get api(): string {
    return `${this.origin}/api/v3`;
  }

  addToken(token: string, login: string): void {
    this.accounts.set(token, {
      toldAt: null,
      login,
      remaining: PRIMARY_LIMIT,
      resetAt: this.now() + HOUR_MS,
      secondary: null,
    });
  }

  revoke(token: string): void {
    this.accounts.delete(token);
  }

  /** So many calls are left until the limit is reset. */
  leave(token: string, remaining: number, resetAt: number): void {
    Object.assign(this.account(token), { remaining, resetAt });
  }

  limitSecondary(token: string, limit: { retryAfterSeconds: number; status: 403 | 429 }): void {
    const until = this.now() + limit.retryAfterSeconds * 1_000;
    this.account(token).secondary = { ...limit, until };
  }

  addBranch(repository: string, branch: string, diff: string): void {
    const branches = this.branches.get(repository) ?? new Map<string, string>();
    branches.set(branch, diff);
    this.branches.set(repository, branches);
  }

  openPull(pull: Pick<FakePull, 'owner' | 'repo' | 'number' | 'headBranch'> & Partial<FakePull>): FakePull {
    const opened: FakePull = {
      baseBranch: 'main',
      title: 'A change',
      state: 'open',
      merged: false,
      draft: false,
      author: 'octocat',
      additions: 1,
      deletions: 0,
      changedFiles: 1,
      commits: 1,
      updatedAt: this.now(),
      diff: '',
      reviews: [],
      ...pull,
    };
    this.pulls.push(opened);
    return opened;
  }

  /** The calls since the last time this was asked. */
  takeCalls(): GithubCall[] {
    return this.calls.splice(0);
  }

  private account(token: string): FakeAccount {
    const account = this.accounts.get(token);
    if (account === undefined) throw new Error(`No account has the token ${token}`);
    return account;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.inFlight += 1;
    this.maxInFlight = Math.max(this.maxInFlight, this.inFlight);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    await this.gate;
    const { status, headers, body } = this.answer(request, Buffer.concat(chunks).toString());
    this.inFlight -= 1;
    response.writeHead(status, headers).end(status === 304 ? undefined : body);
  }

  private answer(
    request: IncomingMessage,
    body: string,
  ): { status: number; headers: Record<string, string>; body: string } {
    const url = new URL(request.url ?? '', this.origin);
    if (url.pathname === '/login/oauth/access_token') return this.exchange(request, body);
    const account = this.accounts.get(/^Bearer (\S+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '');
    const answer = this.decide(request, url, account);
    const etag = `"${createHash('sha256').update(`${account?.login} ${answer.body}`).digest('hex')}"`;
    const isUnchanged = answer.status === 200 && request.headers['if-none-match'] === etag;
    const status = isUnchanged ? 304 : answer.status;
    if (account !== undefined && !isUnchanged && account.remaining > 0) account.remaining -= 1;
    this.note(request, account, status);
    const headers = { ...answer.headers, 'content-type': answer.type, ...limitHeaders(account), etag };
    return { status, headers, body: answer.body };
  }

  private decide(request: IncomingMessage, url: URL, account: FakeAccount | undefined): Answer {
    this.checkHeaders(request);
    if (account === undefined) return problem(401, 'Bad credentials');
    const limited = this.limitOf(account);
    if (limited !== null) return limited;
    const answer = answerTo({ github: this, url, accept: request.headers.accept ?? '' });
    if (answer === null || request.method !== 'GET') {
      this.violations.push(`unexpected: ${request.method} ${request.url}`);
      return problem(404, 'Not Found');
    }
    return answer;
  }

  private checkHeaders({ headers, url }: IncomingMessage): void {
    const missing = [
      headers['x-github-api-version'] !== API_VERSION && 'x-github-api-version',
      !(headers['user-agent'] ?? '').startsWith('parley-gitsync') && 'user-agent',
      !MEDIA_TYPES.includes(headers.accept ?? '') && `accept (${headers.accept})`,
    ].filter((name) => name !== false);
    for (const name of missing) this.violations.push(`wrong header ${name} at ${url}`);
  }

  private limitOf(account: FakeAccount): Answer | null {
    const limited = this.secondaryLimitOf(account) ?? this.primaryLimitOf(account);
    if (limited === null) account.toldAt = null;
    else if (account.toldAt === null) account.toldAt = this.now();
    else if (this.now() > account.toldAt)
      this.violations.push(`${account.login} called while it was told to wait`);
    return limited;
  }

  private secondaryLimitOf({ secondary }: FakeAccount): Answer | null {
    if (secondary === null || this.now() >= secondary.until) return null;
    const message =
      'You have exceeded a secondary rate limit. Please wait a few minutes before you try again.';
    const headers = { 'retry-after': String(secondary.retryAfterSeconds) };
    return { ...problem(secondary.status, message), headers };
  }

  private primaryLimitOf(account: FakeAccount): Answer | null {
    if (this.now() >= account.resetAt) {
      Object.assign(account, { remaining: PRIMARY_LIMIT, resetAt: this.now() + HOUR_MS });
    }
    return account.remaining > 0 ? null : problem(403, 'API rate limit exceeded for user ID 1.');
  }

  private exchange(request: IncomingMessage, body: string) {
    const form = new URLSearchParams(body);
    const refreshToken = form.get('refresh_token') ?? '';
    const expected = request.method === 'POST' && request.headers.accept === 'application/json';
    if (!expected || form.get('grant_type') !== 'refresh_token') this.violations.push('a malformed exchange');
    const answer = form.get('client_secret') === 'secret' ? this.exchanges.get(refreshToken) : undefined;
    this.exchanges.delete(refreshToken);
    if (answer !== undefined) this.addToken(answer.access_token, 'octocat');
    this.note(request, undefined, 200);
    const reply = answer ?? {
      error: 'bad_refresh_token',
      error_description: 'The refresh token is not valid.',
    };
    return { status: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(reply) };
  }

  private note(request: IncomingMessage, account: FakeAccount | undefined, status: number): void {
    const { method = '', url = '', headers } = request;
    const path = url.replace('/api/v3', '');
    this.calls.push({ method, path, accept: headers.accept ?? '', login: account?.login ?? null, status });
  }
}

export function problem(status: number, message: string): Answer {
  const body = JSON.stringify({
    message,
    documentation_url: 'https://docs.github.com/rest',
    status: String(status),
  });
  return { status, type: 'application/json; charset=utf-8', body, headers: {} };
}

function limitHeaders(account: FakeAccount | undefined): Record<string, string> {
  if (account === undefined) return {};
  return {
    'x-ratelimit-limit': String(PRIMARY_LIMIT),
    'x-ratelimit-remaining': String(account.remaining),
    'x-ratelimit-reset': String(Math.ceil(account.resetAt / 1_000)),
    'x-ratelimit-resource': 'core',
  };
}
