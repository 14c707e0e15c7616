/** One question over NATS: its reply, or a refusal of our own kinds, at once when the connection or the caller goes away. */
import { errors, type Msg } from '@nats-io/transport-node';
import type { RequestOptions } from './bus';
import { BusClosedError, BusUnavailableError, NoResponderError, RequestTimeoutError } from './errors';
import { toNatsHeaders } from './nats-headers';
import type { NatsLink } from './nats-link';

export interface Question {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly options: RequestOptions;
}

/** Throws NoResponderError, RequestTimeoutError, BusUnavailableError, BusClosedError, or the reason of the signal. */
export function askNats(link: NatsLink, { subject, data, options }: Question): Promise<Msg> {
  const { timeoutMs, signal, headers } = options;
  if (link.connection.isClosed()) return Promise.reject(new BusClosedError());
  if (!link.isUp) return Promise.reject(new BusUnavailableError('NATS is disconnected'));
  link.sendHeld();
  return new Promise<Msg>((resolve, reject) => {
    const onAbort = (): void =>
      reject(signal?.reason instanceof Error ? signal.reason : new Error(String(signal?.reason)));
    const stopWatching = link.onDown(() =>
      reject(new BusUnavailableError('NATS disconnected while waiting for a reply')),
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    link.connection
      .request(subject, data, { timeout: timeoutMs, ...(headers && { headers: toNatsHeaders(headers) }) })
      .then(resolve, (error: unknown) => reject(asBusError(error, subject, timeoutMs)))
      .finally(() => {
        stopWatching();
        signal?.removeEventListener('abort', onAbort);
      });
  });
}

function asBusError(error: unknown, subject: string, timeoutMs: number): Error {
  if (error instanceof errors.TimeoutError) return new RequestTimeoutError(subject, timeoutMs);
  if (error instanceof errors.NoRespondersError) return new NoResponderError(subject);
  if (error instanceof errors.RequestError && error.isNoResponders()) return new NoResponderError(subject);
  if (error instanceof errors.ClosedConnectionError || error instanceof errors.DrainingConnectionError) {
    return new BusClosedError();
  }
  return new BusUnavailableError(error instanceof Error ? error.message : String(error));
}
