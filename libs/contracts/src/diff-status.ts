/**
 * What a chat did to code: the branch it works on, and the pull request made of it. The status travels inside a `Chat`; the
 * contents (the diff itself) are asked for. Also what crosses the bus between the gateway and gitsync.
 */
import { z } from 'zod';
import { plainText, timestamp, uuid } from './strings';

export const PULL_REQUEST_STATES = ['open', 'closed', 'merged'] as const;
export const pullRequestState = z.enum(PULL_REQUEST_STATES);
export type PullRequestState = z.infer<typeof pullRequestState>;

/** `url` is the pull request, or the branch while there is none. `approved` is absent until reviews were read. */
export const chatDiffStatus = z.object({
  chat_id: uuid(),
  url: z.string().optional(),
  pull_request_state: pullRequestState.optional(),
  pull_request_title: z.string(),
  pull_request_draft: z.boolean(),
  changes_requested: z.boolean(),
  additions: z.number().int(),
  deletions: z.number().int(),
  changed_files: z.number().int(),
  author_login: z.string().optional(),
  author_avatar_url: z.string().optional(),
  base_branch: z.string().optional(),
  head_branch: z.string().optional(),
  pr_number: z.number().int().optional(),
  commits: z.number().int().optional(),
  approved: z.boolean().optional(),
  reviewer_count: z.number().int().optional(),
  refreshed_at: timestamp().optional(),
  stale_at: timestamp().optional(),
});
export type ChatDiffStatus = z.infer<typeof chatDiffStatus>;

/** `GET /chats/{chat}/diff`. Only `chat_id` while no branch was reported. */
export const chatDiffContents = z.object({
  chat_id: uuid(),
  provider: z.string().optional(),
  remote_origin: z.string().optional(),
  branch: z.string().optional(),
  pull_request_url: z.string().optional(),
  diff: z.string().optional(),
});
export type ChatDiffContents = z.infer<typeof chatDiffContents>;

/** git's own limit for a ref is that of a path; URLs of remotes are bounded alike. */
const MAX_GIT_TEXT = 1_000;
const gitText = () =>
  plainText().trim().min(1, 'is required').max(MAX_GIT_TEXT, `must have at most ${MAX_GIT_TEXT} characters`);

/** `PUT /chats/{chat}/git-ref`: the branch that the chat has pushed, and the remote it went to (an HTTPS or SSH URL). */
export const reportGitRefRequest = z.object({ branch: gitText(), remote_origin: gitText() });
export type ReportGitRefRequest = z.infer<typeof reportGitRefRequest>;

const MAX_TOKEN_LENGTH = 4_000;
const providerToken = () =>
  plainText()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII')
    .max(MAX_TOKEN_LENGTH);

/** Of a git host, such as `https://github.com`. */
const providerOrigin = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .max(300)
  .transform((value) => new URL(value).origin);

/** `PUT /users/{user}/external-auth`: a token of a git host, with its refresh token when it expires. */
export const linkExternalAuthRequest = z.object({
  provider_origin: providerOrigin,
  access_token: providerToken(),
  refresh_token: providerToken().optional(),
  expires_at: timestamp().optional(),
});
export type LinkExternalAuthRequest = z.infer<typeof linkExternalAuthRequest>;

export const unlinkExternalAuthRequest = z.object({ provider_origin: providerOrigin });
export type UnlinkExternalAuthRequest = z.infer<typeof unlinkExternalAuthRequest>;

/** A linked account without its secrets. */
export const externalAuthLink = z.object({
  provider_origin: z.string(),
  has_refresh_token: z.boolean(),
  /** `rejected`: the provider refused the token; link again. */
  status: z.enum(['linked', 'rejected']),
  expires_at: timestamp().optional(),
  rate_limited_until: timestamp().optional(),
  created_at: timestamp(),
  updated_at: timestamp(),
});
export type ExternalAuthLink = z.infer<typeof externalAuthLink>;

/** A job: this chat's status was marked stale, refresh it now instead of at the next tick. */
export const gitRefreshRequested = z.object({ chat_id: uuid() });
export type GitRefreshRequested = z.infer<typeof gitRefreshRequested>;

/** A request: refresh this chat's status and its diff, then answer. The result is in Postgres. */
export const gitDiffRequest = z.object({ chat_id: uuid() });
export type GitDiffRequest = z.infer<typeof gitDiffRequest>;

export const GIT_DIFF_RESULTS = [
  'refreshed',
  /** Another refresh of the same chat is under way. */
  'busy',
  'no_git_ref',
  'unknown_provider',
  'no_token',
  'token_rejected',
  'rate_limited',
  'not_found',
  'too_large',
  'provider_failed',
] as const;
export const gitDiffReply = z.object({
  result: z.enum(GIT_DIFF_RESULTS),
  retry_at: timestamp().optional(),
});
export type GitDiffReply = z.infer<typeof gitDiffReply>;
export type GitDiffResult = GitDiffReply['result'];
