/**
 * The Fastify server under Nest: its limits, its one body parser, and what it answers before any route runs.
 *
 * Promises that no input reaches a route unless it is a bounded, well-formed JSON body on a known path and method, and that
 * whatever is refused here has the error body of the API too.
 */
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { MAX_BODY_BYTES } from '@parley/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { ApiError } from './api-error';
import { assertNotCompressed, parseJsonBody } from './json-body';
import { RouteTable } from './route-table';
import { SECURITY_HEADERS } from './security-headers';

export interface FastifySettings {
  /** Believe X-Forwarded-For and its kin: only behind a proxy that sets them. */
  readonly trustProxy: boolean;
}

/** Longer than the 60 s after which usual load balancers drop idle connections, so that they never reuse a closed one. */
const KEEP_ALIVE_MS = 65_000;
/** To receive a whole request, head and body; streams of replies are not limited. */
const REQUEST_TIMEOUT_MS = 30_000;
const MAX_PARAM_LENGTH = 256;

export function createFastify(settings: FastifySettings): { adapter: FastifyAdapter; routes: RouteTable } {
  const adapter = new FastifyAdapter({
    bodyLimit: MAX_BODY_BYTES,
    trustProxy: settings.trustProxy,
    keepAliveTimeout: KEEP_ALIVE_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // A request that comes over an open connection while the server closes is served; the reply says that the connection ends.
    return503OnClosing: false,
    skipMiddie: true,
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    frameworkErrors: (error: { statusCode?: number }, _request: FastifyRequest, reply: FastifyReply) => {
      void reply.code(error.statusCode ?? 400).send({ message: 'The address is malformed.' });
    },
    clientErrorHandler: refuseMalformedRequest,
  });
  const routes = new RouteTable();
  const instance = adapter.getInstance();
  instance.addHook('onRoute', ({ url, method }) => routes.add(url, method));
  instance.addHook('onRequest', (request, reply, done) => {
    void reply.headers(SECURITY_HEADERS);
    if (!request.is404) done();
    else answerUnknownRoute({ routes, request, reply, done });
  });
  instance.removeAllContentTypeParsers();
  instance.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
      try {
        assertNotCompressed(request.headers['content-encoding']);
        done(null, parseJsonBody(body));
      } catch (error) {
        done(error as Error);
      }
    },
  );
  return { adapter, routes };
}

function answerUnknownRoute(input: {
  routes: RouteTable;
  request: FastifyRequest;
  reply: FastifyReply;
  done: (error?: Error) => void;
}): void {
  const { routes, request, reply, done } = input;
  const [path = ''] = request.url.split('?', 1);
  const methods = routes.methodsAt(path);
  if (methods.length === 0 || methods.includes(request.method)) return done();
  const allow = [...methods, 'OPTIONS'].join(', ');
  if (request.method === 'OPTIONS') void reply.code(204).header('allow', allow).send();
  else {
    const message = `This address takes ${allow}, not ${request.method}.`;
    done(new ApiError(405, message, { headers: { allow } }));
  }
}

/** What Node's parser refused before there was a request, such as headers of more than 16 KiB. */
function refuseMalformedRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const isOverflow = error.code === 'HPE_HEADER_OVERFLOW';
  const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  const status = isOverflow ? 431 : isTimeout ? 408 : 400;
  const body = JSON.stringify({
    message: isOverflow
      ? 'The headers are too large.'
      : isTimeout
        ? 'The request did not arrive in time.'
        : 'This is not a well-formed HTTP request.',
  });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
