/**
 * JSON in `jsonb` columns, without losing a character.
 *
 * jsonb refuses U+0000, which tool output contains. On write NUL becomes the private-use pair U+E000 U+E001 and a real U+E000 is
 * doubled, in keys and values at any depth; on read it is reversed. Lone surrogates, which no UTF-8 text can hold, become
 * U+FFFD. Whatever reaches a jsonb column passes through `encodeJsonb`; the pool's parser for jsonb is `parseJsonb`.
 */
const ESCAPE = '\uE000';
const NUL_MARK = '\uE001';

// NUL and lone surrogates leave JSON.stringify as escapes; U+E000 as itself. A false positive only costs the slow path.
const NEEDS_ENCODING = /\\u0000|\uE000|\\ud[89a-f]/;

/** JSON text for a jsonb parameter. */
export function encodeJsonb(value: unknown): string {
  const json = JSON.stringify(value);
  return NEEDS_ENCODING.test(json) ? JSON.stringify(mapStrings(value, encodeString)) : json;
}

/** The value of a jsonb column from its text, as the driver receives it. */
export function parseJsonb(json: string): unknown {
  const value: unknown = JSON.parse(json);
  return json.includes(ESCAPE) ? mapStrings(value, decodeString) : value;
}

function encodeString(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(ESCAPE, ESCAPE + ESCAPE)
    .replaceAll('\u0000', ESCAPE + NUL_MARK);
}

function decodeString(text: string): string {
  return text.replace(/\uE000([\uE000\uE001])/g, (_pair, mark: string) =>
    mark === NUL_MARK ? '\u0000' : ESCAPE,
  );
}

function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (typeof value !== 'object' || value === null) return value;
  if (hasToJson(value)) return mapStrings(value.toJSON(), change);
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [change(key), mapStrings(child, change)]),
  );
}

function hasToJson(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}
