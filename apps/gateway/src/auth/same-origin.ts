/**
 * Whether a request that carries only a cookie was made by our own pages. Browsers say so in `Sec-Fetch-Site`, older ones in
 * `Origin`; a request with neither is refused, because programs can send the token in a header instead.
 */
import type { IncomingHttpHeaders } from 'node:http';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/** `host`: as the client sees this server. */
export function isFromOurPages(request: {
  method: string;
  headers: IncomingHttpHeaders;
  host: string;
}): boolean {
  if (SAFE_METHODS.has(request.method)) return true;
  const site = request.headers['sec-fetch-site'];
  if (typeof site === 'string') return site === 'same-origin' || site === 'none';
  const origin = request.headers.origin;
  return origin !== undefined && URL.canParse(origin) && new URL(origin).host === request.host;
}
