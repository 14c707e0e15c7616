/**
 * Which branch a GitHub webhook is about. Pull requests, their reviews, and pushes; everything else says nothing about a status. Only the
 * names are taken from the payload: what changed is read from the API.
 * Source: https://docs.github.com/en/webhooks/webhook-events-and-payloads
 */
import { parseRemoteOrigin, type MarkedBranch } from '@parley/diff-status';
import { z } from 'zod';

const repository = z.object({ html_url: z.string() });

const pullRequestEvent = z.object({
  repository,
  pull_request: z.object({
    html_url: z.string(),
    // The repository is null when the fork was deleted.
    head: z.object({ ref: z.string(), repo: repository.nullish() }),
  }),
});

const pushEvent = z.object({ repository, ref: z.string() });

const PULL_REQUEST_EVENTS = new Set(['pull_request', 'pull_request_review']);
const BRANCH_REF = 'refs/heads/';

export type NamedBranch = Omit<MarkedBranch, 'now'>;

/** Null for events that name no branch, or not in the shape that GitHub documents. */
export function branchOfEvent(event: string, payload: unknown): NamedBranch | null {
  if (event === 'push') {
    const push = pushEvent.safeParse(payload).data;
    if (push === undefined || !push.ref.startsWith(BRANCH_REF)) return null;
    return named([push.repository.html_url], push.ref.slice(BRANCH_REF.length), null);
  }
  if (!PULL_REQUEST_EVENTS.has(event)) return null;
  const told = pullRequestEvent.safeParse(payload).data;
  if (told === undefined) return null;
  const { head, html_url: url } = told.pull_request;
  const pages = [told.repository.html_url, ...(head.repo ? [head.repo.html_url] : [])];
  return named(pages, head.ref, url);
}

function named(pages: readonly string[], branch: string, pullRequestUrl: string | null): NamedBranch | null {
  const texts = [...pages, branch, pullRequestUrl ?? ''];
  if (texts.some((text) => text.includes('\u0000') || !text.isWellFormed())) return null;
  const repositories = pages.flatMap((page) => parseRemoteOrigin(page)?.repository ?? []);
  return repositories.length === 0 ? null : { repositories, branch, pullRequestUrl };
}
