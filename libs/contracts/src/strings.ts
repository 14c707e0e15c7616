/**
 * String schemas shared by every shape that crosses a wire.
 *
 * `text` accepts any well-formed Unicode, U+0000 included: message content keeps NUL losslessly. `plainText` is for values that
 * land in text columns, which cannot hold U+0000. Lone surrogates are refused everywhere: UTF-8 cannot carry them, so
 * accepting one would change what the user wrote.
 */
import { z } from 'zod';

const WELL_FORMED = 'contains a lone surrogate: send well-formed Unicode';
const NO_NUL = 'contains the character U+0000: remove it';

export const text = () => z.string().refine((value) => value.isWellFormed(), WELL_FORMED);

export const plainText = () => text().refine((value) => !value.includes('\u0000'), NO_NUL);

/** A UUID in any version, as Postgres accepts it, in lower case. */
export const uuid = () => z.guid('must be a UUID').transform((value) => value.toLowerCase());

export const NIL_UUID = '00000000-0000-0000-0000-000000000000';

/** An instant in RFC 3339, as every timestamp on a wire is. */
export const timestamp = () => z.iso.datetime({ offset: true });

/** Refuses JSON nested deeper than `maxDepth`, which recursive readers (and jsonb) would choke on. */
export function isShallow(value: unknown, maxDepth: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (maxDepth === 0) return false;
  return Object.values(value).every((child) => isShallow(child, maxDepth - 1));
}

/** True when every string in a JSON value, keys included, is well-formed Unicode. */
export function isWellFormedJson(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  return Object.entries(value).every(([key, child]) => key.isWellFormed() && isWellFormedJson(child));
}
