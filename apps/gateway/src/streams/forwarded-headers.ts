/** Which headers pass through a proxy (RFC 9110, section 7.6.1), and what the next hop is told about the client. */
import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';

const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers without those that are meant for one connection. */
export function endToEnd(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const kept = Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name) && !named.includes(name));
  return Object.fromEntries(kept);
}

/** The headers for the relay. Without `trustProxy` a client's own X-Forwarded-* are replaced, not continued. */
export function towardsRelay(
  request: IncomingMessage,
  options: { trustProxy: boolean },
): OutgoingHttpHeaders {
  const { headers, socket } = request;
  const isEncrypted = 'encrypted' in socket && socket.encrypted === true;
  const known = options.trustProxy ? headers : {};
  const address = socket.remoteAddress ?? '';
  const before = known['x-forwarded-for'];
  return {
    ...endToEnd(headers),
    'x-forwarded-for': before === undefined ? address : `${String(before)}, ${address}`,
    'x-forwarded-proto': known['x-forwarded-proto'] ?? (isEncrypted ? 'https' : 'http'),
    'x-forwarded-host': known['x-forwarded-host'] ?? headers.host ?? '',
  };
}
