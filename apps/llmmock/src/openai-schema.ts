import { ApiError } from './api-error';
import { isObject, type JsonObject } from './json-fields';

const ROOT_COMBINATORS = ['oneOf', 'anyOf', 'allOf', 'enum', 'not'];

interface SchemaUse {
  /** "function 'x'" or "response_format 'x'". */
  readonly name: string;
  readonly param: string;
  readonly code: string;
}

function refuse(use: SchemaUse, reason: string): ApiError {
  return new ApiError(400, {
    message: `Invalid schema for ${use.name}: ${reason}`,
    param: use.param,
    code: use.code,
    type: 'invalid_request_error',
  });
}

function contextOf(path: readonly string[]): string {
  return `In context=(${path.map((name) => `'${name}'`).join(', ')})`;
}

function checkStrictObject(schema: JsonObject, path: readonly string[], use: SchemaUse): void {
  if (schema['additionalProperties'] !== false) {
    throw refuse(
      use,
      `${contextOf(path)}, 'additionalProperties' is required to be supplied and to be false.`,
    );
  }
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const required: unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  for (const [name, part] of Object.entries(properties)) {
    if (!required.includes(name)) {
      throw refuse(
        use,
        `${contextOf(path)}, 'required' is required to be supplied and to be an array including every key in properties. Missing '${name}'.`,
      );
    }
    checkStrict(part, [...path, 'properties', name], use);
  }
}

function checkStrict(schema: unknown, path: readonly string[], use: SchemaUse): void {
  if (!isObject(schema)) return;
  if (schema['type'] === 'object') checkStrictObject(schema, path, use);
  if (schema['items'] !== undefined) checkStrict(schema['items'], [...path, 'items'], use);
  if (Array.isArray(schema['anyOf'])) {
    (schema['anyOf'] as unknown[]).forEach((part, index) =>
      checkStrict(part, [...path, 'anyOf', String(index)], use),
    );
  }
}

/**
 * The rules of OpenAI's structured outputs: the root is an object and, in strict mode, every object closes its
 * properties and requires them all; the root has properties and is no choice between schemas (https://platform.openai.com/docs/guides/structured-outputs).
 * @throws ApiError (400)
 */
export function checkSchema(schema: JsonObject, isStrict: boolean, use: SchemaUse): void {
  if (schema['type'] !== 'object') {
    const type = typeof schema['type'] === 'string' ? schema['type'] : 'None';
    throw refuse(use, `schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`);
  }
  if (ROOT_COMBINATORS.some((key) => key in schema)) {
    throw refuse(
      use,
      "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level.",
    );
  }
  if (!isObject(schema['properties'])) throw refuse(use, 'In context=(), object schema missing properties.');
  if (isStrict) checkStrict(schema, [], use);
}
