/**
 * Reads out of whatever was thrown (an error of an SDK, of a socket, of a stream) the few facts by which it is classified. The
 * shapes are looked at, not the classes: gateways, SDK versions and Node itself wrap errors in each other.
 */
import { stringAt, valueAt, isJsonObject, parseJson } from './json';
import { MAX_DETAIL_LENGTH } from './errors';
import { MalformedEventError, NotAStreamError, ReportedError, StreamEndedError } from './provider-errors';

/** Only so much of a body is searched for what went wrong. */
const MAX_BODY_CHARACTERS = 64 * 1024;
const MAX_CAUSES = 5;

export interface ErrorSignals {
  readonly status: number | undefined;
  /** Everything the error says, in lower case: messages, codes, types, body. */
  readonly text: string;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly isStreamEnded: boolean;
  /** Something was aborted; by whom is another question. */
  readonly isAbort: boolean;
  readonly isConnectionFault: boolean;
}

const CONNECTION_CODES = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ERR_STREAM_PREMATURE_CLOSE',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'HPE_INVALID_CHUNK_SIZE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

const CONNECTION_WORDS =
  /connection (reset|refused|closed|aborted|error)|socket hang up|premature close|broken pipe|\beof\b|goaway|fetch failed|network error|timed? ?out|terminated$/;

export function readErrorSignals(error: unknown, now = Date.now()): ErrorSignals {
  const chain = causesOf(error);
  const body = bodyOf(error);
  const said = chain.map((each) => wordsOf(each)).join('\n');
  const text = `${said}\n${bodyText(body)}`.slice(0, MAX_BODY_CHARACTERS).toLowerCase();
  return {
    status: statusOf(chain) ?? statusInText(said),
    text,
    detail: detailOf(error, body),
    retryAfterMs: retryAfterOf(chain, now),
    isStreamEnded: error instanceof StreamEndedError || error instanceof MalformedEventError,
    isAbort: chain.some(isAbortError),
    isConnectionFault: chain.some(hasConnectionCode) || isHttp2Fault(said) || isConnectionWording(said),
  };
}

/** The status a text speaks of: digits after "status", "HTTP" and the like or at its start; never a port, stream id or duration. */
export function statusInText(text: string): number | undefined {
  const match =
    /(?:^|\n|\()\s*([45]\d\d)(?=[\s:)]|$)(?!\s*(?:ms|s|bytes|tokens)\b)/.exec(text) ??
    /\b(?:status(?:[ _]?code)?|http(?:\/\d(?:\.\d)?)?|code|returned|responded with|response)[\s:=(]+([45]\d\d)\b/i.exec(
      text,
    );
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

function causesOf(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let each = error; each != null && chain.length < MAX_CAUSES && !chain.includes(each);) {
    chain.push(each);
    each = valueAt(each, 'cause');
  }
  return chain;
}

function wordsOf(error: unknown): string {
  if (typeof error === 'string') return error;
  return [
    stringAt(error, 'message'),
    stringAt(error, 'code'),
    stringAt(error, 'type'),
    stringAt(error, 'errorCode'),
  ]
    .filter((word) => word !== undefined)
    .join('\n');
}

/** The body of an error response as far as the error carries it. */
function bodyOf(error: unknown): unknown {
  if (error instanceof NotAStreamError)
    return parseJson(error.body.slice(0, MAX_BODY_CHARACTERS)) ?? error.body;
  if (error instanceof ReportedError) return { error: error.error };
  return valueAt(error, 'error');
}

function bodyText(body: unknown): string {
  if (body === undefined) return '';
  return typeof body === 'string' ? body : JSON.stringify(body);
}

function statusOf(chain: readonly unknown[]): number | undefined {
  for (const error of chain) {
    const status = valueAt(error, 'status') ?? valueAt(error, 'statusCode');
    if (typeof status === 'number' && status >= 400 && status < 600) return status;
  }
  return undefined;
}

function retryAfterOf(chain: readonly unknown[], now: number): number | undefined {
  for (const error of chain) {
    const headers = valueAt(error, 'headers');
    if (!(headers instanceof Headers)) continue;
    return (
      readDelayMs(headers.get('retry-after-ms'), 1) ??
      readDelayMs(headers.get('retry-after'), 1_000) ??
      readDateMs(headers.get('retry-after'), now)
    );
  }
  return undefined;
}

function readDelayMs(value: string | null, unitMs: number): number | undefined {
  if (value === null || !/^\s*\d+(\.\d+)?\s*$/.test(value)) return undefined;
  return Math.ceil(Number(value) * unitMs);
}

/** RFC 9110 section 10.2.3: Retry-After may be an HTTP date. */
function readDateMs(value: string | null, now: number): number | undefined {
  const at = value === null ? Number.NaN : Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function isAbortError(error: unknown): boolean {
  return (
    stringAt(error, 'name') === 'AbortError' ||
    stringAt(error, 'code') === 'ABORT_ERR' ||
    /\b(cancell?ed|request was aborted|operation was aborted|context canceled)\b/i.test(
      stringAt(error, 'message') ?? '',
    )
  );
}

function hasConnectionCode(error: unknown): boolean {
  return CONNECTION_CODES.has(stringAt(error, 'code') ?? '');
}

function isConnectionWording(said: string): boolean {
  return !HTTP2_RESET.test(said) && CONNECTION_WORDS.test(said.toLowerCase());
}

const HTTP2_RESET = /stream error|err_http2|nghttp2|http2: /i;
const HTTP2_SENT_BY_PEER_AND_HARMLESS =
  /\b(?:nghttp2_)?(no_error|internal(?:_error)?|refused(?:_stream)?|cancel|enhance_your_calm)\b/i;

/** A reset of an HTTP/2 stream is worth a retry only if the peer sent it, and not to say that we broke the protocol. */
function isHttp2Fault(said: string): boolean {
  if (/\bgoaway\b/i.test(said)) return true;
  if (!HTTP2_RESET.test(said)) return false;
  const isOurs = /\bsent by us|local(ly)? (reset|error)\b/i.test(said);
  return !isOurs && HTTP2_SENT_BY_PEER_AND_HARMLESS.test(said);
}

function detailOf(error: unknown, body: unknown): string | undefined {
  const found =
    messageIn(body) ?? stringAt(error, 'message') ?? (typeof error === 'string' ? error : undefined);
  const stripped = found === undefined ? '' : withoutWrappers(found).trim();
  if (error instanceof NotAStreamError) {
    const reason = found === error.message ? error.message : `${error.message}. ${stripped}`;
    return reason.slice(0, MAX_DETAIL_LENGTH).trim();
  }
  return stripped === '' ? undefined : stripped.slice(0, MAX_DETAIL_LENGTH);
}

/** The innermost `error.message` or `message` of a body; gateways put the provider's own body into `metadata.raw`. */
function messageIn(body: unknown, depth = 0): string | undefined {
  if (typeof body === 'string') return messageInText(body, depth);
  if (!isJsonObject(body) || depth > 4) return undefined;
  const raw = stringAt(body['metadata'], 'raw');
  const inner = raw === undefined ? undefined : messageIn(parseJson(raw), depth + 1);
  if (inner !== undefined) return inner;
  const nested = messageIn(body['error'], depth + 1);
  if (nested !== undefined) return nested;
  const message = stringAt(body, 'message');
  return message === undefined ? undefined : (messageInText(message, depth) ?? message);
}

function messageInText(text: string, depth: number): string | undefined {
  const parsed = text.startsWith('{') ? parseJson(text.slice(0, MAX_BODY_CHARACTERS)) : undefined;
  return parsed === undefined ? text : messageIn(parsed, depth + 1);
}

/** Takes away what SDKs and gateways write before the provider's words: the status, "litellm.X: YException - ". */
function withoutWrappers(message: string): string {
  return message
    .replace(/^\s*[45]\d\d\s+(status code \(no body\))?/, '')
    .replace(/^(litellm\.)?\w+(Error|Exception)\s*[:-]\s*((\w+)?Exception\s*-\s*)?/, '');
}
