/** Texts and JSON in 53 bits: what is kept of them as evidence, so that 50,000 turns fit in memory. */

/** From two 32-bit multiplicative hashes: telling apart what should be the same needs no cryptography, and this is done for every message of a load. */
export function digestOf(text: string): number {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
  }
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  return 4_294_967_296 * (high & 0x1fffff) + (low >>> 0);
}

/** The same for values that say the same, in whatever order their fields come: the bus and the database differ in that. */
export const digestOfJson = (value: unknown): number =>
  digestOf(JSON.stringify(value, withSortedFields) ?? '');

function withSortedFields(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}

export const digestOfCall = (name: string, args: unknown): number => digestOfJson([name, args ?? {}]);

export const digestOfResult = (name: string, result: unknown, isError = false): number =>
  digestOfJson([name, result ?? null, isError]);
