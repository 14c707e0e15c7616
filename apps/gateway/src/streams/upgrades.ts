/** WebSocket upgrades do not pass through Fastify: the stream paths go to the forwarder, all others are refused. */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { refuseUpgrade } from './raw-reply';
import type { StreamForwarder } from './stream-forwarder';

const STREAM_PATH = /^\/api\/(v2|experimental)\/chats\/(watch|[^/]+\/stream)$/;

export function listenForUpgrades(server: Server, forwarder: StreamForwarder): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const [path = ''] = (request.url ?? '').split('?', 1);
    if (!STREAM_PATH.test(path)) refuseUpgrade(socket, 404, 'There is no WebSocket at this address.');
    else if (request.method !== 'GET' || request.headers.upgrade?.toLowerCase() !== 'websocket') {
      refuseUpgrade(socket, 400, 'This address takes WebSocket upgrades by GET.');
    } else forwarder.handleUpgrade(request, socket, head);
  });
}
