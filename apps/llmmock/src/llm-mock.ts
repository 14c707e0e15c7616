/**
 * The mock as one object to embed: in tests, in the standalone process, in the scaletest. It listens on plain node:http,
 * since it runs beside the system under load on the same processors: what it costs is taken from what is measured.
 */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Control, type ControlInput, parseControl } from './control';
import type { Distribution } from './distribution';
import { Ledger } from './ledger';
import { LedgerTotals } from './ledger-totals';
import { MockMetrics } from './metrics';
import { ModelEndpoint } from './model-endpoint';
import { DEFAULT_MODELS } from './model-list';
import { Router } from './router';

export interface LlmMockOptions {
  /** Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 0: the system chooses. */
  readonly port?: number | undefined;
  /** When set, any other key is refused with 401; without it every key is good. */
  readonly apiKey?: string | undefined;
  /** Wait between chunks; the same as `defaults.chunk_ms`. Default 0. */
  readonly chunkDelayMs?: Distribution | undefined;
  /** Knobs of every request, as a control block would set them. */
  readonly defaults?: ControlInput | undefined;
  /** Repeats all that is random, request by request. */
  readonly seed?: string | undefined;
  readonly models?: readonly string[] | undefined;
  /** Default 32 MiB. */
  readonly maxBodyBytes?: number | undefined;
  /** Default 50,000. */
  readonly ledgerMaxEntries?: number | undefined;
  /** Default 64 MiB. */
  readonly ledgerMaxBytes?: number | undefined;
  /** Adds the process's own metrics (memory, event loop) to `/metrics`. Default false. */
  readonly collectProcessMetrics?: boolean | undefined;
  /** Twelve hexadecimal digits; ids of answers begin with it. Random by default. */
  readonly idPrefix?: string | undefined;
  /** Milliseconds since the epoch, for the ledger and `created`. */
  readonly nowMs?: (() => number) | undefined;
}

const MIB = 1024 * 1024;
/** Longer than the idle time of the clients' connection pools, so that the mock is never the one who closes first. */
const KEEP_ALIVE_MS = 75_000;
const LISTEN_BACKLOG = 4096;

function defaultsOf({ defaults, chunkDelayMs }: LlmMockOptions): Control {
  const input = { ...(chunkDelayMs === undefined ? {} : { chunk_ms: chunkDelayMs }), ...defaults };
  return parseControl(JSON.stringify(input), 'the defaults');
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: LISTEN_BACKLOG }, () => {
      server.off('error', reject);
      resolve(server.address() as AddressInfo);
    });
  });
}

export class LlmMock {
  private server: Server | undefined;
  private endpoint: ModelEndpoint | undefined;
  private readonly serving = new Set<Promise<void>>();

  /**
   * @returns `url` without a path: the base of the Anthropic SDK; with `/v1` behind it, that of the OpenAI SDK
   * @throws ApiError when `defaults` is not a valid control block, naming the field; Error when the port is taken
   */
  async start(options: LlmMockOptions = {}): Promise<{ url: string; port: number }> {
    if (this.server !== undefined) throw new Error('This LlmMock is started already; stop it first.');
    const ledger = new Ledger({
      maxEntries: options.ledgerMaxEntries ?? 50_000,
      maxBytes: options.ledgerMaxBytes ?? 64 * MIB,
    });
    const totals = new LedgerTotals();
    const metrics = new MockMetrics(options.collectProcessMetrics === true);
    const endpoint = new ModelEndpoint({
      defaults: defaultsOf(options),
      seed: options.seed ?? 'llmmock',
      apiKey: options.apiKey,
      maxBodyBytes: options.maxBodyBytes ?? 32 * MIB,
      idPrefix: options.idPrefix ?? randomBytes(6).toString('hex'),
      nowMs: options.nowMs ?? Date.now,
      ledger,
      totals,
      metrics,
    });
    const models = options.models ?? DEFAULT_MODELS;
    const router = new Router({ endpoint, ledger, totals, metrics, models, apiKey: options.apiKey });
    const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
      const served = router.route(request, response).finally(() => this.serving.delete(served));
      this.serving.add(served);
    });
    const host = options.host ?? '127.0.0.1';
    const { port } = await listen(server, host, options.port ?? 0);
    this.server = server;
    this.endpoint = endpoint;
    return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, port };
  }

  /** Cuts the streams that are still running, frees the port, and leaves no timer behind. */
  async stop(): Promise<void> {
    const { server, endpoint } = this;
    if (server === undefined || endpoint === undefined) return;
    this.server = undefined;
    endpoint.isStopping = true;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await Promise.all(this.serving);
  }
}
