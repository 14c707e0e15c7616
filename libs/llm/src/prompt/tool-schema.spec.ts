import { CASES, client, collect, idle, useMock } from '../testing/mock-clients';
import { schemaForPrompt } from './tool-schema';

useMock();

const a = { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] };
const b = { type: 'object', properties: { b: { type: 'number' } }, required: ['b'] };
const SCHEMAS: [name: string, schema: Record<string, unknown>, offered: object][] = [
  ['an object as it is', a, a],
  ['nothing', {}, { type: 'object', properties: {} }],
  ['an object without properties', { type: 'object' }, { type: 'object', properties: {} }],
  ['no object', { type: 'string' }, { type: 'object', properties: {} }],
  ['properties that are none', { properties: [1] }, { type: 'object', properties: {} }],
  [
    'both sides of a choice',
    { anyOf: [a, b] },
    { type: 'object', properties: { ...a.properties, ...b.properties } },
  ],
  [
    'all of several, with what they require',
    { allOf: [a, b], required: ['a', 7] },
    { type: 'object', properties: { ...a.properties, ...b.properties }, required: ['a', 'b'] },
  ],
  ['no list of values', { enum: [{}], not: a, oneOf: 'x' }, { type: 'object', properties: {} }],
  [
    'its definitions',
    { $defs: { a }, properties: { x: { $ref: '#/$defs/a' } } },
    { type: 'object', $defs: { a }, properties: { x: { $ref: '#/$defs/a' } } },
  ],
];

it.each(SCHEMAS)('offers %s', (_name, schema, offered) => {
  expect(schemaForPrompt(schema)).toEqual(offered);
});

it.each(CASES)('%s takes all of them', async (_name, connection) => {
  const tools = SCHEMAS.map(([name, inputSchema], index) => ({
    name: `tool_${index}`,
    description: name,
    inputSchema,
  }));
  const messages = [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] } as const];
  const parts = await collect(client(connection()).stream({ messages, tools, settings: {} }, idle()));
  expect(parts.at(-1)).toMatchObject({ type: 'finish' });
});
