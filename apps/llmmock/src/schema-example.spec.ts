import { exampleOf, shortTitle } from './schema-example';

describe('an example of a schema', () => {
  test('fills required fields, of every type that strict modes allow', () => {
    const schema = {
      type: 'object',
      properties: {
        title: { type: 'string', maxLength: 4 },
        kind: { enum: ['a', 'b'] },
        fixed: { const: 3 },
        count: { type: 'integer', minimum: 2, maximum: 9 },
        above: { type: 'number', exclusiveMinimum: 2 },
        tags: { type: 'array', items: { type: 'string' }, minItems: 2 },
        maybe: { type: ['null', 'string'] },
        either: { anyOf: [{ type: 'boolean' }, { type: 'string' }] },
        nested: { $ref: '#/$defs/nested' },
        optional: { type: 'string' },
      },
      required: ['title', 'kind', 'fixed', 'count', 'above', 'tags', 'maybe', 'either', 'nested'],
      $defs: { nested: { type: 'object', properties: { deep: { type: 'null' } }, required: ['deep'] } },
    };
    expect(exampleOf(schema, 'Heron')).toEqual({
      title: 'Hero',
      kind: 'a',
      fixed: 3,
      count: 2,
      above: 3,
      tags: ['Heron', 'Heron'],
      maybe: 'Heron',
      either: false,
      nested: { deep: null },
    });
  });

  test('a schema that refers to itself ends', () => {
    const schema = { type: 'object', properties: { next: { $ref: '#' } }, required: ['next'] };
    expect(JSON.stringify(exampleOf(schema, 'x')).length).toBeLessThan(1000);
  });

  test('titles are short, begin large and end without punctuation', () => {
    expect(shortTitle('  please fix\nthe broken, old login page. Now!')).toBe('Please fix the broken, old');
    expect(shortTitle(' … ')).toBe('New conversation');
  });
});
