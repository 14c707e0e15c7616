/**
 * What a browser's subscription must look like before anything is sent to it. The address behind the host's name is checked when it
 * is dialled (guarded-lookup.ts): what a name resolves to now says nothing about later.
 */
import { ECDH } from 'node:crypto';
import { isIP } from 'node:net';
import { MAX_PUSH_ENDPOINT_LENGTH } from '@parley/contracts';
import { isPublicAddress } from './address-rules';

export interface BrowserSubscription {
  /** In the one form that the URL parser gives it. */
  readonly endpoint: string;
  /** Base64url. */
  readonly p256dhKey: string;
  readonly authKey: string;
}

export interface Problem {
  readonly field: 'endpoint' | 'p256dh_key' | 'auth_key';
  readonly detail: string;
}

export interface EndpointRules {
  /** For development and tests: any address, and plain http. */
  readonly allowPrivateEndpoints: boolean;
}

const AUTH_BYTES = 16;

/** The subscription in canonical form, or the first thing wrong with it. */
export function checkSubscription(
  input: { readonly endpoint: string; readonly p256dh_key: string; readonly auth_key: string },
  rules: EndpointRules,
): BrowserSubscription | Problem {
  const endpoint = checkEndpoint(input.endpoint, rules);
  if (typeof endpoint !== 'string') return endpoint;
  const p256dhKey = decodePoint(input.p256dh_key);
  if (p256dhKey === null) return { field: 'p256dh_key', detail: 'must be a point of P-256, in base64url' };
  const authKey = decodeBase64(input.auth_key);
  if (authKey?.length !== AUTH_BYTES)
    return { field: 'auth_key', detail: `must be ${AUTH_BYTES} bytes in base64url` };
  return { endpoint, p256dhKey: p256dhKey.toString('base64url'), authKey: authKey.toString('base64url') };
}

/** The endpoint in canonical form, or what is wrong with it. */
export function checkEndpoint(text: string, { allowPrivateEndpoints }: EndpointRules): string | Problem {
  if (!URL.canParse(text)) return wrong('must be an absolute URL');
  const url = new URL(text);
  const isAllowedScheme = url.protocol === 'https:' || (allowPrivateEndpoints && url.protocol === 'http:');
  if (!isAllowedScheme) return wrong('must be an https URL');
  if (url.username !== '' || url.password !== '') return wrong('must not have a user or password');
  if (!allowPrivateEndpoints && !isPublicHost(url.hostname)) return wrong('must be on a public host');
  const endpoint = canonicalEndpoint(text) ?? text;
  return endpoint.length > MAX_PUSH_ENDPOINT_LENGTH ? wrong('is too long') : endpoint;
}

/** As the URL parser writes it, without a fragment, which is never sent; null when it is no URL. */
export function canonicalEndpoint(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  url.hash = '';
  return url.href;
}

/** What can be said without resolving the name. `hostname` as the URL parser gives it. */
export function isPublicHost(hostname: string): boolean {
  const name = hostname.replace(/\.$/, '').toLowerCase();
  if (name === '' || name === 'localhost' || name.endsWith('.localhost')) return false;
  const address = literalAddress(name);
  return address === null || isPublicAddress(address);
}

/** The address when the host is one; the URL parser has turned forms like `127.1` or `0x7f000001` into dotted ones. */
export function literalAddress(hostname: string): string | null {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? null : bare;
}

function decodePoint(text: string): Buffer | null {
  const point = decodeBase64(text);
  if (point?.length !== 65) return null;
  try {
    ECDH.convertKey(point, 'prime256v1');
    return point;
  } catch {
    return null;
  }
}

function decodeBase64(text: string): Buffer | null {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64') : null;
}

const wrong = (detail: string): Problem => ({ field: 'endpoint', detail });
