/** Headers of the bus to and from NATS headers. Those that NATS itself sets are not shown to listeners. */
import { headers as createHeaders, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { BusHeaders } from './bus';

/** Marks a reply that carries the reason of a failure instead of a result. */
export const FAILURE_HEADER = 'Parley-Failure';

const NO_HEADERS: BusHeaders = Object.freeze({});

export function toNatsHeaders(headers: BusHeaders): MsgHdrs {
  const natsHeaders = createHeaders();
  for (const [name, value] of Object.entries(headers)) natsHeaders.set(name, value);
  return natsHeaders;
}

export function toBusHeaders(natsHeaders: Msg['headers']): BusHeaders {
  if (!natsHeaders) return NO_HEADERS;
  const headers: Record<string, string> = {};
  for (const name of natsHeaders.keys()) if (!name.startsWith('Nats-')) headers[name] = natsHeaders.get(name);
  return headers;
}
