/**
 * The `fetch` under Octokit: bounded in time and bytes, and conditional.
 *
 * A response with an ETag is kept, and the next request for the same thing by the same token says so; a 304 is answered from what is
 * kept, and does not count against GitHub's primary limit, which is what makes polling affordable. Kept responses are found by
 * URL, media type and a hash of the token: never across accounts. At most 2048 of them, 1 MiB each and 64 MiB together.
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DiffTooLargeError } from '../provider/errors';
import { CALL_TIMEOUT_MS } from '../provider/git-provider';

export const MAX_BODY_BYTES = 4 * 1024 * 1024;
const MAX_ERROR_BYTES = 8 * 1024;
const MAX_KEPT_RESPONSES = 2_048;
const MAX_KEPT_BODY_BYTES = 1024 * 1024;
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

interface KeptResponse {
  readonly etag: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer>;
}

export type OnResponse = (status: number) => void;

export class BoundedFetch {
  private readonly kept = new LRUCache<string, KeptResponse>({
    max: MAX_KEPT_RESPONSES,
    maxSize: MAX_KEPT_BYTES,
    maxEntrySize: MAX_KEPT_BODY_BYTES + 16 * 1024,
    sizeCalculation: ({ body, headers }, key) =>
      key.length +
      body.byteLength +
      headers.reduce((sum, [name, value]) => sum + name.length + value.length, 1),
  });

  /** `onResponse` is told each status as the host sent it, 304 included. */
  constructor(private readonly onResponse: OnResponse) {}

  /** @throws DiffTooLargeError when a successful body is larger than 4 MiB, and what `fetch` throws */
  readonly fetch = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init.headers);
    const isRead = (init.method ?? 'GET') === 'GET';
    const key = keyOf(url, headers);
    const known = isRead ? this.kept.get(key) : undefined;
    if (known !== undefined) headers.set('if-none-match', known.etag);
    const timeout = AbortSignal.timeout(CALL_TIMEOUT_MS);
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout;
    const response = await fetch(url, { ...init, headers, signal });
    this.onResponse(response.status);
    if (response.status === 304 && known !== undefined) {
      await response.body?.cancel();
      return new Response(known.body, { status: 200, headers: mergedHeaders(known, response) });
    }
    const body = await readBody(response);
    const etag = response.headers.get('etag');
    if (isRead && response.status === 200 && etag !== null && body.byteLength <= MAX_KEPT_BODY_BYTES) {
      this.kept.set(key, { etag, headers: [...response.headers], body });
    }
    const isEmpty = response.status === 204 || response.status === 205 || response.status === 304;
    return new Response(isEmpty ? null : body, {
      status: response.status,
      headers: bodyHeaders(response.headers),
    });
  };
}

function keyOf(url: string, headers: Headers): string {
  const owner = createHash('sha256')
    .update(headers.get('authorization') ?? '')
    .digest('base64');
  return `${owner} ${headers.get('accept') ?? ''} ${url}`;
}

/** What the body was packed and measured by does not hold for the unpacked copy. */
function bodyHeaders(headers: Iterable<readonly [string, string]>): Headers {
  const copy = new Headers();
  for (const [name, value] of headers) copy.append(name, value);
  copy.delete('content-encoding');
  copy.delete('content-length');
  return copy;
}

/** The rate limit of now, the rest as it was kept. */
function mergedHeaders(known: KeptResponse, response: Response): Headers {
  const headers = bodyHeaders(known.headers);
  for (const [name, value] of response.headers) if (name.startsWith('x-ratelimit-')) headers.set(name, value);
  return headers;
}

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const maxBytes = response.ok ? MAX_BODY_BYTES : MAX_ERROR_BYTES;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes && response.ok) throw new DiffTooLargeError(maxBytes);
    chunks.push(chunk);
    if (bytes > maxBytes) break;
  }
  const body = new Uint8Array(Math.min(bytes, maxBytes));
  let offset = 0;
  for (const chunk of chunks) {
    body.set(chunk.subarray(0, body.byteLength - offset), offset);
    offset = Math.min(offset + chunk.byteLength, body.byteLength);
  }
  return body;
}
