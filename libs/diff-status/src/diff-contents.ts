/** The diff of a chat as it was last read: what `GET /chats/{chat}/diff` answers, also when the git host is away. */
import type { ChatDiffContents } from '@parley/contracts';
import { sql, type Queryable } from '@parley/database';

export interface ReadDiff {
  readonly contents: ChatDiffContents;
  /** When the diff of this branch and pull request was read; null when there is none. */
  readonly diffReadAt: Date | null;
  /** Something was reported since the diff was read. */
  readonly isMarkedSince: boolean;
}

interface DiffRow {
  git_branch: string;
  git_remote_origin: string;
  url: string | null;
  provider: string | null;
  diff: string | null;
  refreshed_at: Date | null;
  is_marked_since: boolean;
}

const READ_DIFF = sql(
  'read_chat_diff',
  `select d.git_branch, d.git_remote_origin, d.url, t.provider, t.diff, t.refreshed_at,
          coalesce(t.mark_version < d.mark_version, false) as is_marked_since
   from chat_diff_statuses d
   left join chat_diff_contents t on t.chat_id = d.chat_id and t.git_branch = d.git_branch
     and t.git_remote_origin = d.git_remote_origin and t.pull_request_url is not distinct from d.url
   where d.chat_id = $1`,
);

/** Null when the chat never reported a branch. */
export async function readDiff(database: Queryable, chatId: string): Promise<ReadDiff | null> {
  const [row] = await database.query<DiffRow>(READ_DIFF, [chatId]);
  if (row === undefined) return null;
  const contents: ChatDiffContents = {
    chat_id: chatId,
    ...(row.provider !== null && { provider: row.provider }),
    remote_origin: row.git_remote_origin,
    branch: row.git_branch,
    ...(row.url !== null && { pull_request_url: row.url }),
    ...(row.diff !== null && { diff: row.diff }),
  };
  return { contents, diffReadAt: row.refreshed_at, isMarkedSince: row.is_marked_since };
}

// Not for a branch that the chat has left meanwhile.
const STORE_DIFF = sql(
  'store_chat_diff',
  `insert into chat_diff_contents as t
     (chat_id, git_branch, git_remote_origin, pull_request_url, provider, diff, mark_version, refreshed_at)
   select d.chat_id, d.git_branch, d.git_remote_origin, $4, $5, $6, $7, $8 from chat_diff_statuses d
   where d.chat_id = $1 and d.git_branch = $2 and d.git_remote_origin = $3
   on conflict (chat_id) do update set
     git_branch = excluded.git_branch, git_remote_origin = excluded.git_remote_origin,
     pull_request_url = excluded.pull_request_url, provider = excluded.provider, diff = excluded.diff,
     mark_version = excluded.mark_version, refreshed_at = excluded.refreshed_at`,
);

export interface StoredDiff {
  readonly chatId: string;
  readonly branch: string;
  readonly remoteOrigin: string;
  readonly pullRequestUrl: string | null;
  readonly provider: string;
  readonly diff: string;
  readonly markVersion: number;
  readonly now: Date;
}

export async function storeDiff(database: Queryable, stored: StoredDiff): Promise<void> {
  await database.query(STORE_DIFF, [
    stored.chatId,
    stored.branch,
    stored.remoteOrigin,
    stored.pullRequestUrl,
    stored.provider,
    stored.diff.replaceAll('\u0000', '\uFFFD'),
    stored.markVersion,
    stored.now,
  ]);
}
