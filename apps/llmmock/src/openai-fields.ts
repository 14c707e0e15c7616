/**
 * Checks of single request fields, refusing with the codes and messages of the OpenAI APIs
 * (https://platform.openai.com/docs/guides/error-codes). Null counts as absent, as it does there.
 */
import { ApiError } from './api-error';
import { firstUnknownKey, isMissing, isObject, jsonType, type JsonObject } from './json-fields';

export const TOOL_NAME = /^[a-zA-Z0-9_-]+$/;

function refuse(message: string, param: string, code: string): ApiError {
  return new ApiError(400, { message, param, code, type: 'invalid_request_error' });
}

export function invalidType(path: string, expected: string, value: unknown): ApiError {
  return refuse(
    `Invalid type for '${path}': expected ${expected}, but got ${jsonType(value)} instead.`,
    path,
    'invalid_type',
  );
}

export function missingParameter(path: string): ApiError {
  return refuse(`Missing required parameter: '${path}'.`, path, 'missing_required_parameter');
}

export function invalidValue(path: string, value: unknown, supported: readonly string[]): ApiError {
  const names = supported.map((name) => `'${name}'`);
  const list =
    names.length > 1 ? `${names.slice(0, -1).join(', ')}, and ${names.at(-1) ?? ''}` : (names[0] ?? '');
  return refuse(`Invalid value: '${String(value)}'. Supported values are: ${list}.`, path, 'invalid_value');
}

/** A refusal about the input as a whole, as the pairing rules make it. */
export function invalidInput(message: string, param: string): ApiError {
  return new ApiError(400, { message, param, code: null, type: 'invalid_request_error' });
}

export function refuseUnknownKeys(value: JsonObject, known: ReadonlySet<string>, path: string): void {
  const key = firstUnknownKey(value, known);
  if (key === undefined) return;
  const name = path === '' ? key : `${path}.${key}`;
  throw refuse(`Unknown parameter: '${name}'.`, name, 'unknown_parameter');
}

export function requireObject(value: unknown, path: string): JsonObject {
  if (isMissing(value)) throw missingParameter(path);
  if (!isObject(value)) throw invalidType(path, 'an object', value);
  return value;
}

export function requireArray(value: unknown, path: string): readonly unknown[] {
  if (isMissing(value)) throw missingParameter(path);
  if (!Array.isArray(value)) throw invalidType(path, 'an array', value);
  return value as unknown[];
}

export function requireString(value: unknown, path: string): string {
  if (isMissing(value)) throw missingParameter(path);
  if (typeof value !== 'string') throw invalidType(path, 'a string', value);
  return value;
}

export function optionalString(value: unknown, path: string): string | undefined {
  return isMissing(value) ? undefined : requireString(value, path);
}

export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (isMissing(value)) return undefined;
  if (typeof value !== 'boolean') throw invalidType(path, 'a boolean', value);
  return value;
}

export function optionalObject(value: unknown, path: string): JsonObject | undefined {
  return isMissing(value) ? undefined : requireObject(value, path);
}

export function optionalEnum(value: unknown, path: string, supported: readonly string[]): string | undefined {
  const text = optionalString(value, path);
  if (text !== undefined && !supported.includes(text)) throw invalidValue(path, text, supported);
  return text;
}

export function optionalNumber(
  value: unknown,
  path: string,
  bounds: { min: number; max: number; kind: 'integer' | 'decimal' },
): number | undefined {
  if (isMissing(value)) return undefined;
  const { min, max, kind } = bounds;
  if (typeof value !== 'number' || (kind === 'integer' && !Number.isInteger(value))) {
    throw invalidType(path, kind === 'integer' ? 'an integer' : 'a decimal', value);
  }
  if (value < min) {
    const message = `Invalid '${path}': ${kind} below minimum value. Expected a value >= ${min}, but got ${value} instead.`;
    throw refuse(message, path, `${kind}_below_min_value`);
  }
  if (value > max) {
    const message = `Invalid '${path}': ${kind} above maximum value. Expected a value <= ${max}, but got ${value} instead.`;
    throw refuse(message, path, `${kind}_above_max_value`);
  }
  return value;
}

export function requireText(value: unknown, path: string, maxLength: number): string {
  const text = requireString(value, path);
  if (text === '') {
    const message = `Invalid '${path}': empty string. Expected a string with minimum length 1, but got an empty string instead.`;
    throw refuse(message, path, 'empty_string');
  }
  if (text.length > maxLength) {
    const message =
      `Invalid '${path}': string too long. Expected a string with maximum length ${maxLength}, ` +
      `but got a string with length ${text.length} instead.`;
    throw refuse(message, path, 'string_above_max_length');
  }
  return text;
}

export function requireName(value: unknown, path: string, maxLength: number): string {
  const name = requireText(value, path, maxLength);
  if (!TOOL_NAME.test(name)) {
    const message = `Invalid '${path}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`;
    throw refuse(message, path, 'invalid_value');
  }
  return name;
}

/** The arguments of a recorded call must be the text of a JSON object. */
export function requireArguments(value: unknown, path: string): string {
  const text = requireString(value, path);
  try {
    if (isObject(JSON.parse(text))) return text;
  } catch {
    // Refused below, with the same words.
  }
  throw refuse(`Invalid '${path}': expected a string with a valid JSON object.`, path, 'invalid_value');
}
