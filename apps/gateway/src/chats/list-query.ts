/** The query of `GET /chats` (`chat-api` section 1.2): `q` with its terms, labels, and the page. */
import { plainText, queryInteger, uuid, type FieldError } from '@parley/contracts';
import type { ListChatsInput } from '@parley/chat-state';
import { z } from 'zod';
import { invalidFields } from '../http/api-error';

const MAX_PAGE = 200;
const MAX_OFFSET = 1_000_000;
const MAX_QUERY_LENGTH = 1_000;
const TERM = /([a-z_]+):(?:"([^"]*)"|(\S*))|(\S+)/g;

const oneOrMany = <T>(schema: z.ZodType<T>) =>
  z.preprocess((value) => (typeof value === 'string' ? [value] : value), z.array(schema));

const label = plainText().transform((value, context): [string, string] => {
  const colon = value.indexOf(':');
  if (colon <= 0 || colon === value.length - 1) {
    context.addIssue({ code: 'custom', message: 'must be key:value' });
    return z.NEVER;
  }
  return [value.slice(0, colon), value.slice(colon + 1)];
});

export const listChatsQuery = z.object({
  q: plainText().max(MAX_QUERY_LENGTH, `must have at most ${MAX_QUERY_LENGTH} characters`).default(''),
  label: oneOrMany(label).default([]),
  after_id: uuid().optional(),
  limit: queryInteger({ min: 1, max: MAX_PAGE }).default(50),
  offset: queryInteger({ min: 0, max: MAX_OFFSET }).default(0),
});
export type ListChatsQuery = z.infer<typeof listChatsQuery>;

/** @throws ApiError naming `q` for bare words, unknown terms and bad values */
export function toListInput(query: ListChatsQuery, ownerId: string): ListChatsInput {
  const input: ListChatsInput = { ownerId, limit: query.limit, offset: query.offset };
  if (query.label.length > 0) input.labels = Object.fromEntries(query.label);
  if (query.after_id !== undefined) input.afterId = query.after_id;
  const problems: FieldError[] = [];
  for (const [, key, quoted, plain, bare] of query.q.matchAll(TERM)) {
    const value = quoted ?? plain ?? '';
    const problem = bare === undefined ? applyTerm(input, key ?? '', value) : `has a bare word "${bare}"`;
    if (problem !== null)
      problems.push({ field: 'q', detail: `${problem}: write title:, archived: or has_unread:` });
  }
  if (problems.length > 0) throw invalidFields(problems);
  return input;
}

/** What is wrong with the term, or null. */
function applyTerm(input: ListChatsInput, key: string, value: string): string | null {
  if (key === 'title') {
    input.title = value;
    return value === '' ? 'has an empty title:' : null;
  }
  if (key !== 'archived' && key !== 'has_unread') return `has an unknown term "${key}:"`;
  if (value !== 'true' && value !== 'false') return `needs true or false after "${key}:"`;
  if (key === 'archived') input.archived = value === 'true';
  else input.hasUnread = value === 'true';
  return null;
}
