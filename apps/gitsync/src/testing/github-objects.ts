/**
 * GitHub's objects as its API describes them: the compiler holds them against Octokit's types (generated from GitHub's OpenAPI description),
 * and the account and the repository come from a recorded answer.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { RestEndpointMethodTypes } from '@octokit/rest';

export type PullRequestJson = RestEndpointMethodTypes['pulls']['get']['response']['data'];
export type PullRequestListJson = RestEndpointMethodTypes['pulls']['list']['response']['data'];
export type ReviewJson = RestEndpointMethodTypes['pulls']['listReviews']['response']['data'][number];
export type RepositoryJson = RestEndpointMethodTypes['repos']['get']['response']['data'];
type AccountJson = PullRequestJson['user'];

export interface FakePull {
  readonly owner: string;
  readonly repo: string;
  readonly number: number;
  headBranch: string;
  baseBranch: string;
  title: string;
  state: 'open' | 'closed';
  merged: boolean;
  draft: boolean;
  author: string;
  additions: number;
  deletions: number;
  changedFiles: number;
  commits: number;
  updatedAt: number;
  diff: string;
  readonly reviews: { id: number; login: string | null; state: string }[];
}

const FIXTURE = '@octokit/fixtures/scenarios/api.github.com/get-repository/normalized-fixture.json';

type Ends = PullRequestJson['base']['repo'];

function recordedRepository(): RepositoryJson & Ends {
  const path = createRequire(__filename).resolve(FIXTURE);
  const [first] = JSON.parse(readFileSync(path, 'utf8')) as [{ response: RepositoryJson & Ends }];
  return first.response;
}
const recorded = recordedRepository();

export function repositoryJson(owner: string, repo: string, defaultBranch: string): RepositoryJson & Ends {
  return {
    ...recorded,
    name: repo,
    full_name: `${owner}/${repo}`,
    owner: accountJson(owner),
    html_url: `https://github.com/${owner}/${repo}`,
    default_branch: defaultBranch,
  };
}

export function accountJson(login: string): AccountJson {
  const avatar = `https://avatars.githubusercontent.com/${login}`;
  return { ...recorded.owner, login, avatar_url: avatar, type: 'User' };
}

const instant = (ms: number): string => new Date(ms).toISOString();

/** `origin`: of the web pages, such as `https://github.com`. */
export function pullJson(pull: FakePull, { origin, api }: { origin: string; api: string }): PullRequestJson {
  const { owner, repo, number } = pull;
  const page = `${origin}/${owner}/${repo}/pull/${number}`;
  const url = `${api}/repos/${owner}/${repo}/pulls/${number}`;
  const issue = `${api}/repos/${owner}/${repo}/issues/${number}`;
  const statuses = `${api}/repos/${owner}/${repo}/statuses/0`;
  const link = (href: string) => ({ href });
  const end = (ref: string) => ({
    label: `${owner}:${ref}`,
    ref,
    sha: '0'.repeat(40),
    user: accountJson(owner),
    repo: repositoryJson(owner, repo, 'main'),
  });
  return {
    url,
    id: 1_000 + number,
    node_id: 'PR_node',
    html_url: page,
    diff_url: `${page}.diff`,
    patch_url: `${page}.patch`,
    issue_url: issue,
    commits_url: `${url}/commits`,
    review_comments_url: `${url}/comments`,
    review_comment_url: `${url}/comments{/number}`,
    comments_url: `${issue}/comments`,
    statuses_url: statuses,
    number,
    state: pull.state,
    locked: false,
    title: pull.title,
    user: accountJson(pull.author),
    body: null,
    labels: [],
    milestone: null,
    active_lock_reason: null,
    created_at: instant(pull.updatedAt),
    updated_at: instant(pull.updatedAt),
    closed_at: pull.state === 'closed' ? instant(pull.updatedAt) : null,
    merged_at: pull.merged ? instant(pull.updatedAt) : null,
    merge_commit_sha: null,
    assignee: null,
    assignees: [],
    requested_reviewers: [],
    requested_teams: [],
    head: end(pull.headBranch),
    base: end(pull.baseBranch),
    _links: {
      comments: link(`${issue}/comments`),
      commits: link(`${url}/commits`),
      statuses: link(statuses),
      html: link(page),
      issue: link(issue),
      review_comments: link(`${url}/comments`),
      review_comment: link(`${url}/comments{/number}`),
      self: link(url),
    },
    author_association: 'OWNER',
    auto_merge: null,
    draft: pull.draft,
    merged: pull.merged,
    mergeable: null,
    rebaseable: null,
    mergeable_state: 'unknown',
    merged_by: null,
    comments: 0,
    review_comments: 0,
    maintainer_can_modify: false,
    commits: pull.commits,
    additions: pull.additions,
    deletions: pull.deletions,
    changed_files: pull.changedFiles,
  };
}

/** An entry of a list has no sizes and no verdict on merging: only the single pull request does. */
export function pullListJson(
  pull: FakePull,
  at: { origin: string; api: string },
): PullRequestListJson[number] {
  const {
    merged: _merged,
    mergeable: _mergeable,
    rebaseable: _rebaseable,
    mergeable_state: _mergeableState,
    merged_by: _mergedBy,
    comments: _comments,
    review_comments: _reviewComments,
    maintainer_can_modify: _maintainerCanModify,
    commits: _commits,
    additions: _additions,
    deletions: _deletions,
    changed_files: _changedFiles,
    ...listed
  } = pullJson(pull, at);
  return listed as PullRequestListJson[number];
}

export function reviewsJson(pull: FakePull, { origin, api }: { origin: string; api: string }): ReviewJson[] {
  const page = `${origin}/${pull.owner}/${pull.repo}/pull/${pull.number}`;
  const url = `${api}/repos/${pull.owner}/${pull.repo}/pulls/${pull.number}`;
  return pull.reviews.map(({ id, login, state }) => ({
    id,
    node_id: 'PRR_node',
    user: login === null ? null : accountJson(login),
    body: '',
    state,
    html_url: `${page}#pullrequestreview-${id}`,
    pull_request_url: url,
    _links: { html: { href: page }, pull_request: { href: url } },
    submitted_at: instant(pull.updatedAt),
    commit_id: '0'.repeat(40),
    author_association: 'MEMBER',
  }));
}
