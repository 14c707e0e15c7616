/**
 * How a refresh ends, each a statement that is fenced by the claim. A row that was marked meanwhile does not become fresh: it is
 * due again at once, because what was read may be older than the mark.
 */
import { sql, type Queryable } from '@parley/database';
import type { Claim } from './claims';
import type { PullRequest } from './rows';

/** `lost`: the claim does not stand any more, nothing was written. `due`: written, and marked meanwhile. */
export type Recorded = 'lost' | 'due' | 'fresh';

export interface OutcomeInput {
  readonly claim: Claim;
  readonly now: Date;
  /** When the row is due again, unless it was marked meanwhile. */
  readonly staleAt: Date;
}

const FENCED = `
   where d.chat_id = $1 and d.claim_id = $2
   returning d.mark_version <> $3 as is_due`;
const NEXT = `claim_id = null, stale_at = case when d.mark_version = $3 then $5::timestamptz else $4::timestamptz end`;

const RECORD_PULL_REQUEST = sql(
  'record_pull_request',
  `update chat_diff_statuses d set ${NEXT},
     refreshed_at = $4, updated_at = $4, url = $6, pr_number = $7, pull_request_state = $8, pull_request_title = $9,
     pull_request_draft = $10, additions = $11, deletions = $12, changed_files = $13, commits = $14,
     author_login = $15, author_avatar_url = $16, base_branch = $17, head_branch = $18, approved = $19,
     changes_requested = $20, reviewer_count = $21 ${FENCED}`,
);

/** The pull request as it is now. */
export function recordPullRequest(
  database: Queryable,
  input: OutcomeInput & { pullRequest: PullRequest },
): Promise<Recorded> {
  const { pullRequest: pr } = input;
  return record(database, RECORD_PULL_REQUEST, [
    ...fenceOf(input),
    pr.url,
    pr.number,
    pr.state,
    withoutNul(pr.title),
    pr.isDraft,
    pr.additions,
    pr.deletions,
    pr.changedFiles,
    pr.commits,
    pr.authorLogin,
    pr.authorAvatarUrl,
    pr.baseBranch,
    pr.headBranch,
    pr.approved,
    pr.changesRequested,
    pr.reviewerCount,
  ]);
}

// Also a mark: the branch may get another pull request soon, as after a push.
const CLEAR_PULL_REQUEST = sql(
  'clear_pull_request',
  `update chat_diff_statuses d set ${NEXT},
     marked_at = $4, updated_at = $4, url = null, pull_request_state = null, pull_request_title = '',
     pull_request_draft = false, changes_requested = false, approved = null, reviewer_count = null, additions = 0,
     deletions = 0, changed_files = 0, commits = null, pr_number = null, author_login = null,
     author_avatar_url = null, base_branch = null, head_branch = null ${FENCED}`,
);

/** The stored pull request is gone, or is of another branch. */
export function clearPullRequest(database: Queryable, input: OutcomeInput): Promise<Recorded> {
  return record(database, CLEAR_PULL_REQUEST, fenceOf(input));
}

const BACK_OFF = sql('back_off_diff_status', `update chat_diff_statuses d set ${NEXT} ${FENCED}`);
// Without the mark's short cut: when an account is limited, a mark cannot make it answer.
const HOLD_OFF = sql(
  'hold_off_diff_status',
  `update chat_diff_statuses d set claim_id = null, stale_at = $4
   where d.chat_id = $1 and d.claim_id = $2 returning d.mark_version <> $3 as is_due`,
);

/** Nothing was learned (no pull request yet, an error): asked again at `staleAt`. */
export function backOff(database: Queryable, input: OutcomeInput): Promise<Recorded> {
  return record(database, BACK_OFF, fenceOf(input));
}

/** Asking is pointless before `staleAt`, whatever is marked meanwhile: a rate limit. */
export async function holdOff(database: Queryable, input: OutcomeInput): Promise<Recorded> {
  const [chatId, claimId, markVersion] = fenceOf(input);
  const recorded = await record(database, HOLD_OFF, [chatId, claimId, markVersion, input.staleAt]);
  return recorded === 'due' ? 'fresh' : recorded;
}

function fenceOf({ claim, now, staleAt }: OutcomeInput): unknown[] {
  return [claim.row.chat_id, claim.claimId, claim.row.mark_version, now, staleAt];
}

async function record(
  database: Queryable,
  statement: ReturnType<typeof sql>,
  values: readonly unknown[],
): Promise<Recorded> {
  const [row] = await database.query<{ is_due: boolean }>(statement, values);
  if (row === undefined) return 'lost';
  return row.is_due ? 'due' : 'fresh';
}

/** Text columns cannot hold U+0000. */
const withoutNul = (text: string): string => text.replaceAll('\u0000', '\uFFFD');
