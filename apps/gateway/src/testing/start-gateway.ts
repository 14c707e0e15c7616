/** A whole gateway on a throwaway database, with embedded parts and a stream forwarder that says what it got. */
import { createInProcessBus, type Bus } from '@parley/bus';
import { Identity, SecretBox } from '@parley/identity';
import { createInProcessKeyValue } from '@parley/key-value';
import { createLogger, Metrics, Readiness } from '@parley/service';
import { createTestDatabase, type TestDatabase, type TestDatabaseOptions } from '@parley/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createGatewayApp } from '../create-gateway-app';
import type { GatewaySettings } from '../dependencies';
import { checksOf } from '../readiness-checks';
import type { StreamForwarder } from '../streams/stream-forwarder';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The parsed body; undefined when it is empty or not JSON. */
  readonly body: unknown;
}

export interface Call {
  readonly token?: string;
  readonly body?: unknown;
  /** Sent as it is, in place of `body`. */
  readonly payload?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestGateway {
  readonly app: NestFastifyApplication;
  readonly testDatabase: TestDatabase;
  readonly bus: Bus;
  readonly identity: Identity;
  readonly secretBox: SecretBox;
  readonly logs: readonly string[];
  readonly call: (method: string, url: string, call?: Call) => Promise<Reply>;
  readonly close: () => Promise<void>;
}

const SETTINGS: GatewaySettings = { apiRateLimit: 0, loginRateLimit: 0, trustProxy: false };

/** Answers streams with 299, so that a test sees who took the request. */
const namedForwarder: StreamForwarder = {
  handleRequest: (request, response) => {
    response.writeHead(299, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ message: `stream ${request.url ?? ''}` }));
  },
  handleUpgrade: (_request, socket) => void socket.end(),
};

export async function startGateway(
  options: {
    settings?: Partial<GatewaySettings>;
    database?: TestDatabaseOptions;
    streamForwarder?: StreamForwarder;
  } = {},
): Promise<TestGateway> {
  const testDatabase = await createTestDatabase(options.database);
  const { database } = testDatabase;
  const bus = createInProcessBus();
  const keyValue = createInProcessKeyValue();
  const logs: string[] = [];
  const logger = createLogger({
    name: 'gateway-test',
    level: 'warn',
    destination: { write: (line: string) => void logs.push(line) },
  });
  const identity = new Identity({ database, bus });
  const secretBox = SecretBox.fromKeys([Buffer.alloc(32, 7)]);
  const app = await createGatewayApp({
    database,
    bus,
    keyValue,
    identity,
    secretBox,
    streamForwarder: options.streamForwarder ?? namedForwarder,
    readiness: new Readiness({ signal: new AbortController().signal, checks: checksOf({ database }) }),
    metrics: new Metrics(),
    logger,
    settings: { ...SETTINGS, ...options.settings },
  });
  const close = async () => {
    await app.close();
    await bus.drain();
    await keyValue.close();
    await testDatabase.drop();
  };
  const call = (method: string, url: string, what: Call = {}) => inject(app, { method, url, what });
  return { app, testDatabase, bus, identity, secretBox, logs, call, close };
}

async function inject(
  app: NestFastifyApplication,
  { method, url, what }: { method: string; url: string; what: Call },
): Promise<Reply> {
  const payload = what.payload ?? (what.body === undefined ? undefined : JSON.stringify(what.body));
  const reply = await app.inject({
    method: method as 'GET',
    url,
    headers: {
      ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      ...(what.token === undefined ? {} : { 'coder-session-token': what.token }),
      ...what.headers,
    },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: reply.statusCode,
    headers: reply.headers,
    text: reply.payload,
    body: parsed(reply.payload),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
