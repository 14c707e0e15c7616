/**
 * Makes one small value that satisfies a JSON schema, for requests that ask for structured output: titles, labels, and
 * the arguments of a tool the request forces. It knows the part of JSON Schema that the APIs' strict modes allow
 * (objects, arrays, enums, const, anyOf, local $ref, bounds of strings, numbers and arrays), and not `pattern`.
 */
import { isObject, type JsonObject } from './json-fields';

const MAX_DEPTH = 32;
const MAX_ITEMS = 100;
const MAX_TITLE_WORDS = 5;

/** A title as a model would make it: the first words, no trailing punctuation. */
export function shortTitle(text: string): string {
  const words = text.replace(/\s+/g, ' ').trim().split(' ').slice(0, MAX_TITLE_WORDS).join(' ');
  const title = Array.from(words)
    .slice(0, 60)
    .join('')
    .replace(/[\s.,;:!?…]+$/u, '');
  return title === '' ? 'New conversation' : title.charAt(0).toUpperCase() + title.slice(1);
}

function resolveReference(root: JsonObject, reference: string): unknown {
  let target: unknown = root;
  for (const name of reference.replace(/^#\/?/, '').split('/')) {
    if (name === '') continue;
    target = isObject(target) ? target[name.replaceAll('~1', '/').replaceAll('~0', '~')] : undefined;
  }
  return target;
}

function stringExample(schema: JsonObject, title: string): string {
  const { minLength, maxLength } = schema as { minLength?: unknown; maxLength?: unknown };
  let text = title;
  if (typeof minLength === 'number') text = text.padEnd(Math.min(minLength, 10_000), '.');
  if (typeof maxLength === 'number') text = text.slice(0, Math.max(0, maxLength));
  return text;
}

function numberExample(schema: JsonObject): number {
  const low = schema['minimum'] ?? schema['exclusiveMinimum'];
  const high = schema['maximum'] ?? schema['exclusiveMaximum'];
  const above = typeof low === 'number' ? (schema['minimum'] === undefined ? low + 1 : low) : 0;
  const value = typeof high === 'number' && above > high ? high : above;
  return schema['type'] === 'integer' ? Math.ceil(value) : value;
}

function typeOf(schema: JsonObject): unknown {
  const type = schema['type'];
  if (Array.isArray(type)) return (type as unknown[]).find((name) => name !== 'null') ?? 'null';
  return type ?? (isObject(schema['properties']) ? 'object' : 'string');
}

function objectExample(schema: JsonObject, make: (part: unknown) => unknown): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  if (!isObject(schema['properties'])) return value;
  const required = Array.isArray(schema['required'])
    ? (schema['required'] as unknown[])
    : Object.keys(schema['properties']);
  for (const [name, part] of Object.entries(schema['properties'])) {
    if (required.includes(name)) value[name] = make(part);
  }
  return value;
}

/**
 * @param schema the JSON schema; `{}` gives `{ "reply": title }`, as any object will do
 * @param title what string fields say
 */
export function exampleOf(schema: JsonObject, title: string): unknown {
  if (Object.keys(schema).length === 0) return { reply: title };
  const make = (part: unknown, depth: number): unknown => {
    if (!isObject(part) || depth > MAX_DEPTH) return null;
    if (typeof part['$ref'] === 'string') return make(resolveReference(schema, part['$ref']), depth + 1);
    if ('const' in part) return part['const'];
    if (Array.isArray(part['enum'])) return (part['enum'] as unknown[])[0] ?? null;
    const choices = part['anyOf'] ?? part['oneOf'] ?? part['allOf'];
    if (Array.isArray(choices)) return make((choices as unknown[])[0], depth + 1);
    switch (typeOf(part)) {
      case 'object':
        return objectExample(part, (child) => make(child, depth + 1));
      case 'array': {
        const count = typeof part['minItems'] === 'number' ? Math.min(part['minItems'], MAX_ITEMS) : 1;
        return Array.from({ length: count }, () => make(part['items'], depth + 1));
      }
      case 'number':
      case 'integer':
        return numberExample(part);
      case 'boolean':
        return false;
      case 'null':
        return null;
      default:
        return stringExample(part, title);
    }
  };
  return make(schema, 0);
}
