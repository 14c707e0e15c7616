/**
 * The search language of `GET /chats`: the `q` parameter is a list of `key:value` terms, all of which must hold.
 *
 * A value with blanks is quoted, `title:"two words"`; inside quotes `\"` and `\\` stand for themselves. Only `pr_status:` takes several
 * values, by comma or by repeating it, and any of them will do. What is not understood is refused with what would be: a filter
 * that is silently dropped shows chats that nobody asked for. Owns no SQL and throws nothing but its 400.
 */
import type { FieldError } from '@parley/contracts';
import { PULL_REQUEST_STATUSES, type ListChatsInput, type PullRequestStatus } from '@parley/chat-state';
import { invalidFields } from '../http/api-error';

/** What the terms say; `ListChatsInput` has the meaning of each. */
export type ListTerms = Pick<
  ListChatsInput,
  'title' | 'archived' | 'hasUnread' | 'source' | 'pullRequest' | 'search'
>;

const KEYS = [
  'title',
  'archived',
  'has_unread',
  'pr_status',
  'source',
  'diff_url',
  'pr',
  'repo',
  'pr_title',
  'search',
] as const;
type Key = (typeof KEYS)[number];

const NOT_WITH_SEARCH: readonly Key[] = ['title', 'pr_title', 'pr'];
const MAX_PROBLEMS = 10;
const MAX_PULL_REQUEST_NUMBER = 2_147_483_647;
const SOURCES = ['created_by_me', 'shared_with_me'] as const;

/** A key, and a value that is quoted, or runs to the next blank and has no quote. */
const TERM = /([a-z_]+):(?:"((?:[^"\\]|\\.)*)"|([^\s"]*))(?=\s|$)/isy;
const BLANKS = /\s*/y;
const BARE_WORD = /\S+/y;

const ALLOWED = `write ${KEYS.map((key) => `${key}:`).join(', ')}, with values that have blanks in double quotes`;

/** @throws ApiError 400 naming `q`, with everything that is wrong (at most ten problems) */
export function parseListTerms(query: string): ListTerms {
  const problems: string[] = [];
  const values = new Map<Key, string[]>();
  for (const token of tokens(query)) {
    const key = KEYS.find((known) => known === token.key);
    if (token.key === null) problems.push(`has a bare word ${shown(token.value)}: ${ALLOWED}`);
    else if (key === undefined) problems.push(`has an unknown term ${shown(`${token.key}:`)}: ${ALLOWED}`);
    else values.set(key, [...(values.get(key) ?? []), token.value]);
    if (problems.length === MAX_PROBLEMS) break;
  }
  const terms: ListTerms = {};
  for (const [key, given] of values) problems.push(...applyTerm(terms, key, given));
  if (values.has('search'))
    for (const key of NOT_WITH_SEARCH)
      if (values.has(key)) problems.push(`cannot combine search: with ${key}:`);
  if (problems.length === 0) return terms;
  throw invalidFields(problems.slice(0, MAX_PROBLEMS).map((detail): FieldError => ({ field: 'q', detail })));
}

interface Token {
  /** Null: a bare word. */
  key: string | null;
  value: string;
}

function* tokens(query: string): Generator<Token> {
  let position = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const match = pattern.exec(query);
    if (match !== null) position = pattern.lastIndex;
    return match;
  };
  for (take(BLANKS); position < query.length; take(BLANKS)) {
    const term = take(TERM);
    if (term === null) {
      const [word = query.slice(position)] = take(BARE_WORD) ?? [];
      yield { key: null, value: word };
      continue;
    }
    const [, key = '', quoted, plain = ''] = term;
    yield { key: key.toLowerCase(), value: (quoted?.replace(/\\(["\\])/g, '$1') ?? plain).trim() };
  }
}

const shown = (text: string): string => JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);

/** What is wrong with the values of a term. */
function applyTerm(terms: ListTerms, key: Key, given: readonly string[]): string[] {
  if (given.includes('')) return [`has an empty ${key}:`];
  if (key === 'pr_status') return applyStatuses(terms, given);
  const [value = ''] = given;
  if (given.length > 1) return [`has ${key}: more than once, where once is allowed`];
  switch (key) {
    case 'title':
    case 'search':
      terms[key] = value;
      return [];
    case 'archived':
    case 'has_unread':
      return applyBoolean(terms, key, value);
    case 'source': {
      const source = SOURCES.find((known) => known === value.toLowerCase());
      if (source === undefined) return [`needs ${SOURCES.join(' or ')} after source:`];
      terms.source = source;
      return [];
    }
    case 'diff_url':
      if (!isWebUrl(value)) return ['needs the http or https URL of a pull request after diff_url:'];
      terms.pullRequest = { ...terms.pullRequest, url: value };
      return [];
    case 'pr': {
      const number = /^#?\d{1,10}$/.test(value) ? Number(value.replace('#', '')) : 0;
      if (number < 1 || number > MAX_PULL_REQUEST_NUMBER)
        return [`needs a whole number from 1 to ${MAX_PULL_REQUEST_NUMBER} after pr:`];
      terms.pullRequest = { ...terms.pullRequest, number };
      return [];
    }
    case 'repo':
      terms.pullRequest = { ...terms.pullRequest, repository: value };
      return [];
    case 'pr_title':
      terms.pullRequest = { ...terms.pullRequest, title: value };
      return [];
  }
}

function applyBoolean(terms: ListTerms, key: 'archived' | 'has_unread', value: string): string[] {
  const isTrue = value.toLowerCase() === 'true';
  if (!isTrue && value.toLowerCase() !== 'false') return [`needs true or false after ${key}:`];
  if (key === 'archived') terms.archived = isTrue;
  else terms.hasUnread = isTrue;
  return [];
}

function applyStatuses(terms: ListTerms, given: readonly string[]): string[] {
  const statuses = new Set<PullRequestStatus>();
  for (const word of given.flatMap((value) => value.split(','))) {
    const status = PULL_REQUEST_STATUSES.find((known) => known === word.trim().toLowerCase());
    if (status === undefined) return [`needs ${PULL_REQUEST_STATUSES.join(', ')} after pr_status:`];
    statuses.add(status);
  }
  terms.pullRequest = { ...terms.pullRequest, statuses: [...statuses] };
  return [];
}

function isWebUrl(value: string): boolean {
  return /^https?:\/\//i.test(value) && URL.canParse(value);
}
