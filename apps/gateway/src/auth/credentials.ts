/** Where a token may come from: `Coder-Session-Token`, `Authorization: Bearer`, or the session cookie, in this order. Never the URL. */
import type { IncomingHttpHeaders } from 'node:http';

export const SESSION_COOKIE = 'coder_session_token';

export interface Credentials {
  readonly token: string;
  /** Cookies are sent by the browser whoever asks it to: what they allow needs a check of the origin. */
  readonly isCookie: boolean;
}

export function readCredentials(headers: IncomingHttpHeaders): Credentials | null {
  const header = headers['coder-session-token'];
  if (typeof header === 'string' && header !== '') return { token: header, isCookie: false };
  const [, bearer] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return { token: bearer, isCookie: false };
  const cookie = readCookie(headers.cookie, SESSION_COOKIE);
  return cookie === undefined ? null : { token: cookie, isCookie: true };
}

/** The first cookie of that name (RFC 6265, section 5.4: the most specific one comes first). */
function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const [key, value] = pair.split('=', 2);
    if (key?.trim() === name && value !== undefined && value.trim() !== '') return value.trim();
  }
  return undefined;
}

/** A cookie that scripts cannot read and other sites' forms do not carry. */
export function sessionCookie(token: string, options: { isSecure: boolean; maxAgeSeconds?: number }): string {
  const attributes = ['Path=/', 'HttpOnly', 'SameSite=Lax'];
  if (options.isSecure) attributes.push('Secure');
  if (options.maxAgeSeconds !== undefined) attributes.push(`Max-Age=${options.maxAgeSeconds}`);
  return [`${SESSION_COOKIE}=${token}`, ...attributes].join('; ');
}
