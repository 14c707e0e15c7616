/** Hostile values for every place of a request. */

const MANY = 200_000;

/** Values for a field that wants something else. */
export const BAD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e308,
  '',
  ' ',
  'x',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\udfff tail',
  'x'.repeat(MANY),
  [],
  [null],
  [[[[]]]],
  {},
  { type: 'text' },
  { toString: 'x', constructor: { prototype: 1 }, hasOwnProperty: 1 },
  { '\u0000': '\u0000', '\ud800': 'x' },
  nested(40),
];

/** Whole bodies. Each is sent as it is to every route that takes a body. */
export const BAD_BODIES: Readonly<Record<string, string | Buffer>> = {
  'nothing at all': '',
  null: 'null',
  'a number': '1',
  'a string': '"text"',
  'an array': '[]',
  'an empty object': '{}',
  'half an object': '{"content":',
  'not JSON': 'content=1',
  'two values': '{} {}',
  'a NUL byte': '\u0000',
  'a byte order mark': '\uFEFF{}',
  'broken UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
  'a number beyond doubles': '{"limit":1e999,"lifetime":1e999,"context_limit":1e999}',
  'a key twice': '{"content":1,"content":2}',
  'a __proto__ key': '{"__proto__":{"isAdmin":true},"content":[{"__proto__":1}]}',
  'a constructor key': '{"constructor":{"prototype":{"isAdmin":true}}}',
  'arrays 100,000 deep': '['.repeat(100_000) + ']'.repeat(100_000),
  'objects 10,000 deep': '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000),
  'one level too deep': JSON.stringify(nested(65)),
  'a string of 1 MB': JSON.stringify({ content: 'x'.repeat(1_000_000) }),
  'one byte too many': `"${'x'.repeat(256 * 1024 - 1)}"`,
  '100,000 keys': `{${Array.from({ length: 20_000 }, (_, index) => `"k${index}":1`).join(',')}}`,
};

/** Bodies that are refused whatever the route, naming `body`. */
export const ALWAYS_REFUSED: Readonly<Record<string, number>> = {
  'half an object': 400,
  'not JSON': 400,
  'two values': 400,
  'a NUL byte': 400,
  'broken UTF-8': 400,
  'a __proto__ key': 400,
  'arrays 100,000 deep': 400,
  'objects 10,000 deep': 400,
  'one level too deep': 400,
  'a string of 1 MB': 413,
  'one byte too many': 413,
};

/** In place of a path parameter, as they stand in the URL. */
export const BAD_SEGMENTS: readonly string[] = [
  'x',
  '1',
  '0',
  '-1',
  '1.5',
  '99999999999999999999',
  '%00',
  'a%00b',
  '%20',
  '%2F',
  '%ff',
  '%ed%a0%80',
  '%',
  '%zz',
  '..',
  '%2e%2e',
  '%F0%9F%92%A5',
  "'%20or%201=1--",
  '$1',
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-4000-8000-00000000000g',
  '{00000000-0000-4000-8000-000000000000}',
  'urn:uuid:00000000-0000-4000-8000-000000000000',
  'a'.repeat(255),
  'a'.repeat(5_000),
];

export const BAD_QUERIES: readonly string[] = [
  '?',
  '?=',
  '?%',
  '?%00=%00',
  '?__proto__=1&constructor=2',
  '?__proto__[x]=1',
  '?a=1&a=2',
  `?${'a=1&'.repeat(2_000)}`,
  ...['limit', 'offset', 'after_id', 'before_id', 'q', 'label'].flatMap((name) =>
    [
      '',
      '=',
      '=x',
      '=-1',
      '=0',
      '=1.5',
      '=1e3',
      '=99999999999999999999',
      '=%00',
      '=%ff',
      '=%ED%A0%80',
      '[]=1',
      '=1&' + name + '=2',
    ].map((rest) => `?${name}${rest}`),
  ),
];

export const BAD_CONTENT_TYPES: readonly string[] = [
  'text/plain',
  'text/html',
  'application/xml',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/octet-stream',
  'application/json5',
  'application',
  ';',
  '*/*',
];

function nested(depth: number): unknown {
  return depth === 0 ? 1 : { a: nested(depth - 1) };
}
