/** What a client asks for: which stream, from where on, over what, and on what proof. Throws HttpRefusal for what it cannot have. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { uuid } from '@parley/contracts';
import type { Start } from './attach';
import { parseCursor } from './cursor';
import { badField, HttpRefusal } from './http-refusal';

const STREAM_PATH = /^\/api\/(?:v2|experimental)\/chats\/(?:(watch)|([^/]+)\/stream)\/?$/;
const CHAT_ID = uuid();

export type StreamTarget = { readonly kind: 'watch' } | { readonly kind: 'chat'; readonly chatId: string };

export interface StreamRequest {
  readonly target: StreamTarget;
  readonly start: Start;
  /** The client of a chat said `cursor=`, be it empty: it wants to know where it stands. */
  readonly showsCursors: boolean;
  /** False with `watching=false`: nobody looks, so the user is told by other ways what happens. */
  readonly isWatching: boolean;
}

/** True for the addresses that a relay answers. */
export function isStreamPath(url: string | undefined): boolean {
  return STREAM_PATH.test(urlOf(url).pathname);
}

export function readStreamRequest(request: IncomingMessage): StreamRequest {
  const { pathname, searchParams } = urlOf(request.url);
  const match = STREAM_PATH.exec(pathname);
  if (match === null) throw new HttpRefusal(404, 'There is no stream at this address.');
  if (request.method !== 'GET')
    throw new HttpRefusal(405, 'A stream takes GET.', { headers: { Allow: 'GET' } });
  const [, watch, chatId = ''] = match;
  return {
    target: watch === undefined ? { kind: 'chat', chatId: readChatId(chatId) } : { kind: 'watch' },
    start: readStart(request.headers, searchParams),
    showsCursors: watch === undefined && searchParams.has('cursor'),
    isWatching: searchParams.get('watching') !== 'false',
  };
}

/** @throws HttpRefusal 406 when the client takes no event stream. */
export function assertTakesEventStream(headers: IncomingHttpHeaders): void {
  const accept = headers.accept ?? '*/*';
  const takes = accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const isRefused = parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter));
    return ['text/event-stream', 'text/*', '*/*'].includes(type) && !isRefused;
  });
  if (!takes)
    throw new HttpRefusal(406, 'This address sends text/event-stream, or takes a WebSocket upgrade.');
}

export interface Credentials {
  readonly token: string;
  /** A browser sends a cookie whoever made the page. */
  readonly isCookie: boolean;
}

/** `Coder-Session-Token`, `Authorization: Bearer`, or the session cookie, in this order. Never the URL, which gets logged. */
export function readCredentials(headers: IncomingHttpHeaders): Credentials | null {
  const header = headers['coder-session-token'];
  if (typeof header === 'string' && header !== '') return { token: header, isCookie: false };
  const [, bearer] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
  if (bearer !== undefined) return { token: bearer, isCookie: false };
  const [, cookie] = /(?:^|;) *coder_session_token=([^;\s]+)/.exec(headers.cookie ?? '') ?? [];
  return cookie === undefined ? null : { token: cookie, isCookie: true };
}

/**
 * Refuses a WebSocket that another site's page opens with our user's cookie: unlike a fetch, a WebSocket is not held back by
 * the same-origin policy.
 */
export function assertOwnOrigin(headers: IncomingHttpHeaders): void {
  const { origin, host } = headers;
  if (origin === undefined) return;
  const forwarded = headers['x-forwarded-host'];
  const originHost = URL.canParse(origin) ? new URL(origin).host : null;
  if (originHost === null || (originHost !== host && originHost !== forwarded))
    throw new HttpRefusal(403, 'A page of another site may not open this stream with a cookie.');
}

function urlOf(url: string | undefined): URL {
  const base = 'http://relay';
  return url !== undefined && URL.canParse(url, base) ? new URL(url, base) : new URL(base);
}

function readChatId(text: string): string {
  const parsed = CHAT_ID.safeParse(text);
  if (!parsed.success) throw badField('chat', 'must be a UUID');
  return parsed.data;
}

/** Where the last connection ended wins over where the first one began: a browser repeats the URL when it reconnects. */
function readStart(headers: IncomingHttpHeaders, query: URLSearchParams): Start {
  const afterId = readAfterId(query);
  const lastEventId = headers['last-event-id'];
  if (typeof lastEventId === 'string' && lastEventId !== '')
    return readCursor('last_event_id', lastEventId, afterId);
  const cursor = readOnce(query, 'cursor');
  return cursor === null || cursor === '' ? { afterId } : readCursor('cursor', cursor, afterId);
}

function readCursor(field: string, text: string, afterId: number): Start {
  const cursor = parseCursor(text, afterId);
  if (cursor === null) throw badField(field, 'must be a cursor that this stream sent');
  return { cursor };
}

function readAfterId(query: URLSearchParams): number {
  const text = readOnce(query, 'after_id');
  if (text === null) return 0;
  if (!/^\d{1,15}$/.test(text)) throw badField('after_id', 'must be a whole number from 0 on');
  return Number(text);
}

function readOnce(query: URLSearchParams, name: string): string | null {
  const [value = null, ...others] = query.getAll(name);
  if (others.length > 0) throw badField(name, 'must be given once');
  return value;
}
