/** HTTP to the API: paths below `/api/v2`, JSON, the token, and refusals as errors. Needs nothing but `fetch`. */
import type { ErrorResponse } from '@parley/contracts';
import { ApiError, ConnectionError } from './errors';

export interface TransportOptions {
  /** Of the gateway, e.g. `https://chats.example.com`. In a page served from there: `location.origin`. */
  baseUrl: string;
  /** Sent as `Coder-Session-Token`. Leave out in a browser that has the cookie. */
  token?: string;
  fetch?: typeof fetch;
}

export interface CallOptions {
  /** 1 to 255 visible ASCII characters: under one key a call is carried out once, and its repeats get the first answer for 24 hours. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

export class Transport {
  readonly baseUrl: string;
  readonly token: string | undefined;
  protected readonly fetch: typeof fetch;

  constructor(options: TransportOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.token = options.token;
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  /** Any route below `/api/v2`. @throws ApiError for a status of 400 and above, ConnectionError when there was no answer */
  async call<Reply>(
    method: string,
    path: string,
    body?: unknown,
    { idempotencyKey, signal }: CallOptions = {},
  ): Promise<Reply> {
    const response = await this.send(path, {
      method,
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  }

  /** Opens a reply whose body is read by the caller. @throws ApiError for a status of 400 and above, ConnectionError */
  open(path: string, init: { headers: Record<string, string>; signal?: AbortSignal }): Promise<Response> {
    return this.send(path, { method: 'GET', ...init });
  }

  private async send(
    path: string,
    init: RequestInit & { method: string; headers: Record<string, string> },
  ): Promise<Response> {
    const call = `${init.method} ${path}`;
    const token = this.token === undefined ? {} : { 'Coder-Session-Token': this.token };
    const request = { ...init, headers: { ...token, ...init.headers } };
    const response = await this.fetch(`${this.baseUrl}/api/v2${path}`, request).catch((error: unknown) => {
      throw init.signal?.aborted ? error : new ConnectionError(call, error);
    });
    if (response.ok) return response;
    const retryAfter = Number(response.headers.get('retry-after') ?? NaN);
    const retryAfterMs = Number.isFinite(retryAfter) ? retryAfter * 1_000 : undefined;
    throw new ApiError(response.status, toErrorResponse(await response.text()), call, retryAfterMs);
  }
}

/** `?` and the values that are given, or nothing. */
export function queryOf(
  values: Readonly<Record<string, string | number | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const one of Array.isArray(value) ? value : [value])
      if (one !== undefined) query.append(name, String(one));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

/** A proxy between us and the gateway may answer with something else than the API's JSON. */
function toErrorResponse(text: string): ErrorResponse {
  try {
    return JSON.parse(text) as ErrorResponse;
  } catch {
    return { message: text.slice(0, 500) };
  }
}
