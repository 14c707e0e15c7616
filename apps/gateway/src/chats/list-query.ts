/** The query of `GET /chats` (`chat-api` section 1.2): `q`, whose terms `list-terms` parses, labels, and the page. */
import { plainText, queryInteger, uuid } from '@parley/contracts';
import type { ListChatsInput } from '@parley/chat-state';
import { z } from 'zod';
import { parseListTerms } from './list-terms';

const MAX_PAGE = 200;
const MAX_OFFSET = 1_000_000;
const MAX_QUERY_LENGTH = 1_000;

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
  return {
    ownerId,
    limit: query.limit,
    offset: query.offset,
    ...(query.label.length > 0 && { labels: query.label }),
    ...(query.after_id !== undefined && { afterId: query.after_id }),
    ...parseListTerms(query.q),
  };
}
