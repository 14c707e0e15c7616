/**
 * Reads JSON bodies, the only ones this API takes. Refuses what is not UTF-8, not JSON, nested deeper than 64 levels (recursive
 * readers and jsonb would choke), or carries a `__proto__` key (which would change the prototype of whoever copies it).
 */
import { MAX_JSON_DEPTH } from '@parley/contracts';
import { ApiError, invalidField } from './api-error';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The value, or undefined for an empty body. @throws ApiError naming `body`, or the field with the forbidden key. */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  const value = parse(bytes);
  inspect(value, { path: '', depthLeft: MAX_JSON_DEPTH });
  return value;
}

function parse(bytes: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    throw invalidField('body', 'is not valid UTF-8');
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidField('body', `is not valid JSON: ${error instanceof Error ? error.message : 'unreadable'}`);
  }
}

function inspect(value: unknown, at: { path: string; depthLeft: number }): void {
  if (typeof value !== 'object' || value === null) return;
  if (at.depthLeft === 0) throw invalidField('body', `is nested deeper than ${MAX_JSON_DEPTH} levels`);
  const isArray = Array.isArray(value);
  for (const [key, child] of Object.entries(value)) {
    if (key === '__proto__') {
      throw invalidField(at.path === '' ? 'body' : at.path, 'must not have the key "__proto__"');
    }
    if (typeof child !== 'object' || child === null) continue;
    const path = isArray ? `${at.path}[${key}]` : at.path === '' ? key : `${at.path}.${key}`;
    inspect(child, { path, depthLeft: at.depthLeft - 1 });
  }
}

/** Compressed bodies are not taken: a small one could unpack to any size. */
export function assertNotCompressed(contentEncoding: string | undefined): void {
  if (contentEncoding === undefined || contentEncoding.toLowerCase() === 'identity') return;
  throw new ApiError(415, 'Send the body uncompressed.', {
    validations: [{ field: 'body', detail: 'has an unsupported content encoding' }],
  });
}
