/** What takes over the stream requests of clients: the relays behind a proxy, or in standalone the relay itself. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

export interface StreamForwarder {
  /** Answers the request completely, errors included; the gateway has let go of it. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void;
  /** The same for a WebSocket upgrade. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}
