/**
 * What a list of chats can be filtered by, each filter as a condition on the root chat `c`.
 *
 * All that is said about a pull request must be true of one pull request, of the root or of a child: where the work was delegated, the
 * child has the branch. `search` looks in the same family. A value is always a parameter.
 */
import { encodeJsonb } from '@parley/database';

export const PULL_REQUEST_STATUSES = ['draft', 'open', 'merged', 'closed'] as const;
/** A draft is not `open`. */
export type PullRequestStatus = (typeof PULL_REQUEST_STATUSES)[number];

export interface PullRequestFilter {
  /** Any of these. */
  statuses?: readonly PullRequestStatus[];
  url?: string;
  number?: number;
  /** `host/owner/name`, the end of it (`owner/name`, `name`), or a URL of it; in any case. */
  repository?: string;
  /** Part of the title, in any case. */
  title?: string;
}

export interface ListFilters {
  /** Part of the title, in any case. */
  title?: string;
  hasUnread?: boolean;
  /** Default both. Nobody but its owner (and administrators) may read a chat, so the list of shared ones has no chats. */
  source?: 'created_by_me' | 'shared_with_me';
  /** All must match; two values under one key match nothing. */
  labels?: readonly (readonly [key: string, value: string])[];
  pullRequest?: PullRequestFilter;
  /** English words that are all in one message or title that people see; a phrase in double quotes. Stop words alone find nothing. */
  search?: string;
}

export interface Filter {
  name: string;
  value: unknown;
  condition: (parameter: string) => string;
}

/** Postgres sees before it looks at any row that this never passes. */
const NOTHING: Filter = {
  name: 'nothing',
  value: false,
  condition: (isPossible) => `${isPossible}::boolean`,
};

export function filtersOf(input: ListFilters): Filter[] {
  return [
    ...given('title', input.title, (text) => contains('c.title', text)),
    ...given('unread', input.hasUnread, (isUnread) => `(c.answered_version > c.read_version) = ${isUnread}`),
    ...(input.source === 'shared_with_me' ? [NOTHING] : []),
    ...(input.labels === undefined ? [] : labelFilters(input.labels)),
  ];
}

/** Conditions on the diff status `d`. */
export function pullRequestFilters(pullRequest: PullRequestFilter): Filter[] {
  return [
    ...given(
      'pr_status',
      pullRequest.statuses,
      (statuses) =>
        `case when d.pull_request_state = 'open' and d.pull_request_draft then 'draft' else d.pull_request_state end = any (${statuses}::text[])`,
    ),
    ...given('pr_url', pullRequest.url?.replace(/[/#?]+$/, ''), (url) => `d.url = ${url}`),
    ...given('pr_number', pullRequest.number, (number) => `d.pr_number = ${number}`),
    ...given(
      'pr_repository',
      pullRequest.repository && repositoryEnd(pullRequest.repository),
      (end) => `right('/' || d.git_repository, length(${end})) = ${end}`,
    ),
    ...given('pr_title', pullRequest.title, (text) => contains('d.pull_request_title', text)),
  ];
}

const given = (name: string, value: unknown, condition: (parameter: string) => string): Filter[] =>
  value === undefined ? [] : [{ name, value, condition }];

const contains = (column: string, text: string) => `strpos(lower(${column}), lower(${text})) > 0`;

/** The root `c` and its children. */
export const FAMILY =
  '(select c.id as chat_id, c.title union all select f.id, f.title from chats f where f.root_chat_id = c.id) as family';

/**
 * Not joined by chat_id: the word of the chat's id says the same, and leaves the planner no other way than the index on words.
 * A leading minus would ask for all messages without a word; it is no more than punctuation here.
 */
export function searchFilter(search: string): Filter {
  return {
    name: 'search',
    value: search.replace(/(^|[\s"])-+/g, '$1 '),
    condition: (text) => {
      const query = `websearch_to_tsquery('pg_catalog.english', ${text})`;
      return `numnode(${query}) > 0 and exists (select from ${FAMILY}
      where to_tsvector('pg_catalog.english', family.title) @@ ${query} or exists (select from chat_messages m
        where chat_message_words(m.chat_id, m.content) @@ ((''' ' || family.chat_id || '''')::tsquery && ${query})
          and m.role in ('user', 'assistant') and m.visibility <> 'model' and not m.deleted))`;
    },
  };
}

/** One filter, which the index on labels serves; a second value of a key gets one of its own, which nothing passes. */
function labelFilters(labels: readonly (readonly [string, string])[]): Filter[] {
  const merged = new Map(labels);
  const isContradiction = labels.some(([key, value]) => merged.get(key) !== value);
  const value = encodeJsonb(Object.fromEntries(merged));
  return [
    { name: 'labels', value, condition: (json) => `c.labels <> '{}' and c.labels @> ${json}::jsonb` },
    ...(isContradiction ? [NOTHING] : []),
  ];
}

/** The stored form is `host/owner/name` in lower case; a leading slash keeps `arley` from matching `parley`. */
const repositoryEnd = (repository: string): string =>
  `/${repository
    .toLowerCase()
    .replace(/^[a-z+]+:\/\//, '')
    .replace(/^\/+|\/+$/g, '')
    .replace(/\.git$/, '')}`;
