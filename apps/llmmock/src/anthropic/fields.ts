/** Checks of single request fields, refusing with the words of the Anthropic API (path, colon, reason). */
import { ApiError } from '../api-error';
import { firstUnknownKey, isMissing, isObject, type JsonObject } from '../json-fields';

export const TOOL_NAME = /^[a-zA-Z0-9_-]{1,128}$/;
export const TOOL_USE_ID = /^[a-zA-Z0-9_-]+$/;

export function refuse(message: string): ApiError {
  return new ApiError(400, { message, type: 'invalid_request_error' });
}

export function refuseUnknownKeys(value: JsonObject, known: ReadonlySet<string>, path: string): void {
  const key = firstUnknownKey(value, known);
  if (key !== undefined)
    throw refuse(`${path === '' ? '' : `${path}.`}${key}: Extra inputs are not permitted`);
}

export function requireObject(value: unknown, path: string): JsonObject {
  if (value === undefined) throw refuse(`${path}: Field required`);
  if (!isObject(value)) throw refuse(`${path}: Input should be a valid dictionary`);
  return value;
}

export function optionalObject(value: unknown, path: string): JsonObject | undefined {
  return isMissing(value) ? undefined : requireObject(value, path);
}

export function requireArray(value: unknown, path: string): readonly unknown[] {
  if (value === undefined) throw refuse(`${path}: Field required`);
  if (!Array.isArray(value)) throw refuse(`${path}: Input should be a valid list`);
  return value as unknown[];
}

export function requireString(value: unknown, path: string): string {
  if (value === undefined) throw refuse(`${path}: Field required`);
  if (typeof value !== 'string') throw refuse(`${path}: Input should be a valid string`);
  return value;
}

export function requireMatch(value: unknown, path: string, pattern: RegExp): string {
  const text = requireString(value, path);
  if (!pattern.test(text)) throw refuse(`${path}: String should match pattern '${pattern.source}'`);
  return text;
}

export function requireOneOf(value: unknown, path: string, supported: readonly string[]): string {
  const text = requireString(value, path);
  if (!supported.includes(text)) {
    const names = supported.map((name) => `'${name}'`);
    const list =
      names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1) ?? ''}` : names.join('');
    throw refuse(`${path}: Input should be ${list}`);
  }
  return text;
}

export function optionalBoolean(value: unknown, path: string): boolean | undefined {
  if (isMissing(value)) return undefined;
  if (typeof value !== 'boolean') throw refuse(`${path}: Input should be a valid boolean`);
  return value;
}

export function requireNumber(
  value: unknown,
  path: string,
  bounds: { min: number; max: number; kind: 'integer' | 'number' },
): number {
  if (value === undefined) throw refuse(`${path}: Field required`);
  const isRight = typeof value === 'number' && (bounds.kind === 'number' || Number.isInteger(value));
  if (!isRight) throw refuse(`${path}: Input should be a valid ${bounds.kind}`);
  if (value < bounds.min) throw refuse(`${path}: Input should be greater than or equal to ${bounds.min}`);
  if (value > bounds.max) throw refuse(`${path}: Input should be less than or equal to ${bounds.max}`);
  return value;
}

export function optionalNumber(
  value: unknown,
  path: string,
  bounds: { min: number; max: number; kind: 'integer' | 'number' },
): number | undefined {
  return isMissing(value) ? undefined : requireNumber(value, path, bounds);
}
