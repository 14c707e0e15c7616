/**
 * What makes a status stale from outside: a reported branch, a webhook, a newly linked account.
 *
 * A row that nobody refreshes becomes due at once. One that is being refreshed keeps its lease, so that no second refresh runs
 * beside the first; the mark is counted, and the refresh sees at its end that it came too early. Times are parameters: the caller's clock,
 * one second in the past, so that the mark is due on a replica whose clock is a little behind.
 */
import { sql, type Queryable } from '@parley/database';
import type { Remote } from './remote-origin';

const DUE_BEFORE_MS = 1_000;
/** More rows than this are left to the poll: a webhook must not become a storm. */
const MAX_MARKED = 100;

const REPORT_GIT_REF = sql(
  'report_git_ref',
  `insert into chat_diff_statuses as d
     (chat_id, chat_created_at, git_branch, git_remote_origin, git_repository, stale_at, marked_at, updated_at)
   select c.id, c.created_at, $3, $4, $5, $6, $7, $7 from chats c where c.id = $1 and c.owner_id = $2
   on conflict (chat_id) do update set
     git_branch = excluded.git_branch, git_remote_origin = excluded.git_remote_origin,
     git_repository = excluded.git_repository,
     mark_version = d.mark_version + 1, marked_at = excluded.marked_at, updated_at = excluded.updated_at,
     stale_at = case when d.claim_id is not null and d.stale_at > $7 then d.stale_at else excluded.stale_at end
   where (d.git_branch, d.git_repository) = (excluded.git_branch, excluded.git_repository)
   returning d.mark_version`,
);

// Another branch: what is known of the old one's pull request no longer counts, and a refresh of it under way loses its claim.
const REPLACE_GIT_REF = sql(
  'replace_git_ref',
  `update chat_diff_statuses d set
     git_branch = $3, git_remote_origin = $4, git_repository = $5, stale_at = $6, marked_at = $7, updated_at = $7,
     mark_version = d.mark_version + 1, claim_id = null, refreshed_at = null,
     url = null, pull_request_state = null, pull_request_title = '', pull_request_draft = false,
     changes_requested = false, approved = null, reviewer_count = null, additions = 0, deletions = 0,
     changed_files = 0, commits = null, pr_number = null, author_login = null, author_avatar_url = null,
     base_branch = null, head_branch = null
   from chats c
   where d.chat_id = $1 and c.id = d.chat_id and c.owner_id = $2
   returning d.mark_version`,
);

export interface ReportedGitRef {
  readonly chatId: string;
  /** The owner of the chat, who alone reports its branch. */
  readonly ownerId: string;
  readonly branch: string;
  readonly remoteOrigin: string;
  readonly remote: Remote;
  readonly now: Date;
}

/** Records where a chat pushed to, and makes its status due. The number of its mark; null when there is no such chat of that owner. */
export async function reportGitRef(database: Queryable, ref: ReportedGitRef): Promise<number | null> {
  const { chatId, ownerId, branch, remoteOrigin, remote, now } = ref;
  const values = [chatId, ownerId, branch, remoteOrigin, remote.repository, dueAt(now), now];
  for (const statement of [REPORT_GIT_REF, REPLACE_GIT_REF]) {
    const [row] = await database.query<{ mark_version: number }>(statement, values);
    if (row !== undefined) return row.mark_version;
  }
  return null;
}

const MARK = `mark_version = d.mark_version + 1, marked_at = $2, updated_at = $2,
     stale_at = case when d.claim_id is not null and d.stale_at > $2 then d.stale_at else $1 end`;

const MARK_BRANCH = sql(
  'mark_diff_statuses_of_branch',
  `with marked as (
     select m.chat_id from chat_diff_statuses m join chats c on c.id = m.chat_id and not c.archived
     where (m.git_repository = any ($3::text[]) and m.git_branch = $4) or m.url = $5
     order by m.marked_at desc limit ${MAX_MARKED}
   )
   update chat_diff_statuses d set ${MARK} from marked where d.chat_id = marked.chat_id
   returning d.chat_id, d.mark_version`,
);

export interface MarkedBranch {
  /** `host/owner/name`: of the pull request, and of the fork that its branch is in. */
  readonly repositories: readonly string[];
  readonly branch: string;
  readonly pullRequestUrl: string | null;
  readonly now: Date;
}

export interface Marked {
  readonly chatId: string;
  readonly markVersion: number;
}

/** Makes the status of the chats on that branch, or with that pull request, due; at most the 100 latest marked ones. */
export async function markBranch(database: Queryable, marked: MarkedBranch): Promise<Marked[]> {
  const { repositories, branch, pullRequestUrl, now } = marked;
  const rows = await database.query<{ chat_id: string; mark_version: number }>(MARK_BRANCH, [
    dueAt(now),
    now,
    repositories.map((repository) => repository.toLowerCase()),
    branch,
    pullRequestUrl,
  ]);
  return rows.map((row) => ({ chatId: row.chat_id, markVersion: row.mark_version }));
}

const MARK_OWNER = sql(
  'mark_diff_statuses_of_owner',
  `update chat_diff_statuses d set ${MARK}
   from chats c
   where c.id = d.chat_id and c.owner_id = $3 and not c.archived and starts_with(d.git_repository, $4)`,
);

/** A user has linked an account: what waited for it is due. `host` as in `Remote`. */
export async function markOwner(
  database: Queryable,
  marked: { ownerId: string; host: string; now: Date },
): Promise<void> {
  const { ownerId, host, now } = marked;
  await database.query(MARK_OWNER, [dueAt(now), now, ownerId, `${host}/`]);
}

const dueAt = (now: Date): Date => new Date(now.getTime() - DUE_BEFORE_MS);
