/**
 * What a variable may hold: strict schemas from the text of the environment to a typed value. Each describes itself, for the
 * error message and the documentation. None guesses: `10x`, `1e3`, `yes` and blanks are refused.
 */
import { z } from 'zod';

export interface Range {
  readonly min: number;
  readonly max: number;
}

/** A whole number in decimal digits, within the range (inclusive). */
export function wholeNumber({ min, max }: Range): z.ZodType<number> {
  return z
    .string()
    .regex(/^-?\d{1,15}$/)
    .transform(Number)
    .pipe(z.number().int().min(min).max(max))
    .describe(`a whole number from ${min} to ${max}`);
}

/** A number with an optional fraction, within the range (inclusive). */
export function decimalNumber({ min, max }: Range): z.ZodType<number> {
  return z
    .string()
    .regex(/^-?\d{1,15}(\.\d{1,15})?$/)
    .transform(Number)
    .pipe(z.number().min(min).max(max))
    .describe(`a number from ${min} to ${max}`);
}

/** A TCP port; 0 lets the system choose. */
export function port(): z.ZodType<number> {
  return wholeNumber({ min: 0, max: 65_535 });
}

/** Milliseconds, within the range. */
export function durationMs({ min, max }: Range): z.ZodType<number> {
  return wholeNumber({ min, max }).describe(`whole milliseconds from ${min} to ${max}`);
}

export function trueOrFalse(): z.ZodType<boolean> {
  return z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .describe('true or false');
}

/** One of these words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(
  words: Words,
): z.ZodType<Words[number]> {
  return z.enum(words).describe(`one of ${words.join(', ')}`);
}

/** Text that is not blank. */
export function text({ maxLength = 10_000 }: { readonly maxLength?: number } = {}): z.ZodType<string> {
  return z.string().min(1).max(maxLength).describe(`text of at most ${maxLength} characters`);
}

/** An absolute URL with one of these schemes (without colon), as it was written. */
export function absoluteUrl(schemes: readonly string[]): z.ZodType<string> {
  return z
    .string()
    .refine((value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)))
    .describe(`a URL that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`);
}

/** One or more such URLs, separated by commas, as they were written. */
export function absoluteUrls(schemes: readonly string[]): z.ZodType<string> {
  const url = absoluteUrl(schemes);
  return z
    .string()
    .refine((value) => value.split(',').every((part) => url.safeParse(part.trim()).success))
    .describe(`${url.description ?? 'a URL'}, or several separated by commas`);
}

/** A key of exactly so many bytes in base64 (`openssl rand -base64 32`). */
export function base64Key({ bytes }: { readonly bytes: number }): z.ZodType<Buffer> {
  return z
    .string()
    .regex(/^[A-Za-z0-9+/]+={0,2}$/)
    .transform((value) => Buffer.from(value, 'base64'))
    .refine((key) => key.length === bytes)
    .describe(`${bytes} bytes in base64`);
}

/** Values separated by commas, each by `item`. */
export function listOf<Item>(item: z.ZodType<Item>): z.ZodType<Item[]> {
  return z
    .string()
    .transform((value): unknown => value.split(',').map((part) => part.trim()))
    .pipe(z.array(item))
    .describe(`a list, separated by commas, of: ${item.description ?? 'values'}`);
}
