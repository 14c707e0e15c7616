/** What is read of GitHub's answers. They are checked: an enterprise server may be old, and a proxy may answer in its place. */
import { z } from 'zod';

const account = z.object({ login: z.string(), avatar_url: z.string().optional() }).nullish();

export const pullRequestBody = z.object({
  html_url: z.string(),
  number: z.number().int(),
  state: z.enum(['open', 'closed']),
  merged: z.boolean().default(false),
  draft: z.boolean().default(false),
  title: z.string(),
  user: account,
  additions: z.number().int(),
  deletions: z.number().int(),
  changed_files: z.number().int(),
  commits: z.number().int(),
  base: z.object({ ref: z.string() }),
  head: z.object({ ref: z.string() }),
});
export type PullRequestBody = z.infer<typeof pullRequestBody>;

export const pullRequestListBody = z.array(z.object({ number: z.number().int() }));

export const reviewListBody = z.array(z.object({ id: z.number().int(), user: account, state: z.string() }));

export const repositoryBody = z.object({ default_branch: z.string() });

export const textBody = z.string();

/** RFC 6749, section 5.1; GitHub answers a refusal with 200 and an `error`. */
export const tokenBody = z.union([
  z.object({ error: z.string() }),
  z.object({
    access_token: z.string().min(1),
    refresh_token: z.string().min(1).optional(),
    expires_in: z.number().positive().optional(),
  }),
]);
