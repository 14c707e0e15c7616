/** The routes of the fake: each takes exactly the parameters that gitsync is meant to send. */
import type { FakeGithub } from './fake-github';
import { pullJson, pullListJson, repositoryJson, reviewsJson, type FakePull } from './github-objects';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers: Record<string, string>;
}

interface Asked {
  readonly github: FakeGithub;
  readonly url: URL;
  readonly accept: string;
}

const DEFAULT_BRANCH = 'main';
const API_ROOT = '/api/v3';

/** Null for what is no route of this fake, or has other parameters. */
export function answerTo(asked: Asked): Answer | null {
  const segments = asked.url.pathname.slice(API_ROOT.length).split('/').slice(1).map(decodeURIComponent);
  const [root, owner = '', repo = '', what, id, last, ...rest] = segments;
  if (!asked.url.pathname.startsWith(API_ROOT) || root !== 'repos' || rest.length > 0) return null;
  if (what === undefined) return repository(asked, owner, repo);
  if (what === 'compare' && id !== undefined && last === undefined)
    return compare(asked, { owner, repo, basehead: id });
  if (what !== 'pulls') return null;
  if (id === undefined) return listPulls(asked, owner, repo);
  const pull = asked.github.pulls.find(
    (each) => each.owner === owner && each.repo === repo && each.number === Number(id),
  );
  if (last === undefined) return pull === undefined ? notFound() : onePull(asked, pull);
  if (last === 'reviews') return pull === undefined ? notFound() : reviews(asked, pull);
  return null;
}

function listPulls({ github, url }: Asked, owner: string, repo: string): Answer | null {
  const { head = '', ...others } = Object.fromEntries(url.searchParams);
  const expected = { state: 'open', sort: 'updated', direction: 'desc', per_page: '1' };
  if (JSON.stringify(sorted(others)) !== JSON.stringify(sorted(expected))) return null;
  if (!head.startsWith(`${owner}:`)) return null;
  if (!github.branches.has(`${owner}/${repo}`)) return notFound();
  const branch = head.slice(owner.length + 1);
  const [latest] = github.pulls
    .filter((pull) => pull.owner === owner && pull.repo === repo && pull.headBranch === branch)
    .filter((pull) => pull.state === 'open')
    .toSorted((a, b) => b.updatedAt - a.updatedAt);
  return json(latest === undefined ? [] : [pullListJson(latest, github)]);
}

function onePull({ github, url, accept }: Asked, pull: FakePull): Answer | null {
  if (url.search !== '') return null;
  return isDiff(accept) ? diff(pull.diff) : json(pullJson(pull, github));
}

function reviews({ github, url }: Asked, pull: FakePull): Answer | null {
  return url.search === '?per_page=100' ? json(reviewsJson(pull, github)) : null;
}

function repository({ github, url }: Asked, owner: string, repo: string): Answer | null {
  if (url.search !== '') return null;
  return github.branches.has(`${owner}/${repo}`)
    ? json(repositoryJson(owner, repo, DEFAULT_BRANCH))
    : notFound();
}

function compare(
  { github, url, accept }: Asked,
  { owner, repo, basehead }: { owner: string; repo: string; basehead: string },
): Answer | null {
  const [base, branch = ''] = basehead.split('...');
  if (url.search !== '' || base !== DEFAULT_BRANCH || !isDiff(accept)) return null;
  const text = github.branches.get(`${owner}/${repo}`)?.get(branch);
  return text === undefined ? notFound() : diff(text);
}

const isDiff = (accept: string): boolean => accept.endsWith('.diff');
const sorted = (record: Record<string, string>) => Object.entries(record).toSorted();
const json = (value: unknown): Answer => ({
  status: 200,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify(value),
  headers: {},
});
const diff = (body: string): Answer => ({
  status: 200,
  type: 'application/vnd.github.v3.diff; charset=utf-8',
  body,
  headers: {},
});
const notFound = (): Answer => ({
  ...json({ message: 'Not Found', documentation_url: '', status: '404' }),
  status: 404,
});
