/**
 * The relay: terminates WebSocket and SSE streams, authorizes them before they begin, and attaches them to their feed.
 *
 * Knows node's HTTP objects and nothing of a framework: the app puts it behind its own server, standalone behind the
 * gateway's. Everything that can be refused is refused by a plain HTTP error before the upgrade, with a feed already open, so
 * that no event falls between.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Bus } from '@parley/bus';
import { systemClock, type Clock } from '@parley/contracts';
import { isConnectionError, type Database } from '@parley/database';
import type { Identity } from '@parley/identity';
import { WebSocketServer, type WebSocket } from 'ws';
import { Admissions, type Admission } from './admissions';
import { FEED_LIMITS } from './feed';
import { Feeds } from './feeds';
import { createFeedReads } from './feed-reads';
import { createFeedSource } from './feed-source';
import { HttpRefusal, refuseRequest, refuseUpgrade, unavailable } from './http-refusal';
import { OpenStreams } from './open-streams';
import { Presence } from './presence';
import { RelayMetrics } from './relay-metrics';
import type { RelaySettings } from './settings';
import { SseViewer } from './sse-viewer';
import { Tasks, type TaskLogger } from './tasks';
import { retryAfterMs, type RetrySpread, type Viewer, type ViewerOptions } from './viewer';
import { FEED_TIMING } from './watched-feed';
import { WatchLists } from './watch-lists';
import { WebSocketViewer } from './websocket-viewer';

export interface StreamRelayDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly identity: Pick<Identity, 'authenticate'>;
  readonly logger: TaskLogger;
  readonly settings: RelaySettings;
  readonly clock?: Clock;
  readonly random?: () => number;
}

export class StreamRelay {
  readonly metrics = new RelayMetrics();
  readonly feeds: Feeds;
  private readonly streams: OpenStreams;
  private readonly admissions: Admissions;
  private readonly watchLists: WatchLists;
  private readonly tasks: Tasks;
  private readonly retry: RetrySpread;
  private readonly viewerOptions: ViewerOptions;
  private readonly webSockets = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    // Clients have nothing to say here.
    maxPayload: 1024,
    skipUTF8Validation: true,
  });

  constructor(private readonly dependencies: StreamRelayDependencies) {
    const { bus, database, identity, logger, clock = systemClock, random = Math.random } = dependencies;
    const { settings } = dependencies;
    const { metrics } = this;
    this.tasks = new Tasks(logger);
    this.retry = { minRetryMs: settings.minRetryMs, maxRetryMs: settings.maxRetryMs, random };
    this.viewerOptions = { ...settings, retry: this.retry };
    const reads = createFeedReads(database, FEED_LIMITS);
    const { episodeTimeoutMs, maxStreams, heartbeatMs } = settings;
    this.feeds = new Feeds({
      ...settings,
      source: createFeedSource({ bus, reads, episodeTimeoutMs }),
      bus,
      clock,
      random,
      logger,
      metrics,
      limits: FEED_LIMITS,
      timing: FEED_TIMING,
      lingerMs: settings.feedLingerMs,
      maxBytes: settings.maxFeedBytes,
    });
    this.watchLists = new WatchLists({ bus });
    this.streams = new OpenStreams({
      maxStreams,
      heartbeatMs,
      holderLingerMs: settings.feedLingerMs,
      retry: this.retry,
      clock,
      logger,
      metrics,
      authenticate: (token) => identity.authenticate(token),
    });
    this.webSockets.on('wsClientError', ({ message }, socket) =>
      refuseUpgrade(
        socket,
        new HttpRefusal(400, `Not a WebSocket handshake: ${message}.`, {
          headers: { 'Sec-WebSocket-Version': '13' },
        }),
      ),
    );
    const { streams, feeds, watchLists, tasks } = this;
    const presence = new Presence({ bus, logger });
    this.admissions = new Admissions({ database, streams, feeds, watchLists, presence, tasks });
  }

  /** False once the relay has begun to stop. */
  get isOpen(): boolean {
    return this.streams.isOpen;
  }

  start(): void {
    this.feeds.start();
    this.streams.start();
  }

  /** Sends every viewer elsewhere with a hint when to come back, and resolves when all have gone and nothing runs. */
  async stop(): Promise<void> {
    await this.streams.stop();
    await this.tasks.stop();
    await this.watchLists.stop();
    await this.feeds.stop();
  }

  /** Call it after Identity.invalidate: closes the streams whose token is no longer good. */
  credentialsChanged(id?: string): void {
    this.streams.recheck(id);
  }

  /** Call it after Identity.invalidate, when such news may have been lost: all are looked at again, one after the other. */
  credentialsUnknown(): void {
    this.streams.recheckSoon();
  }

  /** Answers completely, errors included. */
  handleRequest(request: IncomingMessage, response: ServerResponse): void {
    if (!this.isOpen) return refuseRequest(response, this.restarting());
    this.tasks.run('request', async () => {
      try {
        const admission = await this.admissions.admit(request, { isUpgrade: false });
        if (response.destroyed) return admission.release();
        if (response.socket !== null) writeTogether(response.socket);
        const viewer = new SseViewer(response, { ...this.viewerOptions, counts: this.metrics });
        this.metrics.sseStreams += 1;
        this.begin(viewer, admission);
      } catch (error) {
        refuseRequest(response, this.toRefusal(error));
      }
    });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const onError = (): void => void socket.destroy();
    socket.on('error', onError);
    if (!this.isOpen) return refuseUpgrade(socket, this.restarting());
    this.tasks.run('upgrade', async () => {
      try {
        const admission = await this.admissions.admit(request, { isUpgrade: true });
        if (socket.destroyed) return admission.release();
        let isUpgraded = false;
        writeTogether(socket);
        this.webSockets.handleUpgrade(request, socket, head, (webSocket) => {
          isUpgraded = true;
          socket.off('error', onError);
          this.beginOnWebSocket(webSocket, admission);
        });
        // The handshake was malformed, and has been answered so.
        if (!isUpgraded) admission.release();
      } catch (error) {
        refuseUpgrade(socket, this.toRefusal(error));
      }
    });
  }

  private beginOnWebSocket(webSocket: WebSocket, admission: Admission): void {
    const { showsCursors } = admission;
    const options = { ...this.viewerOptions, counts: this.metrics, showsCursors };
    this.metrics.webSocketStreams += 1;
    this.begin(new WebSocketViewer(webSocket, options), admission);
  }

  private begin(viewer: Viewer, admission: Admission): void {
    viewer.onClosed(() => admission.release());
    this.streams.add(viewer, admission);
    if (!viewer.isClosed) admission.begin(viewer);
  }

  private restarting(): HttpRefusal {
    return unavailable('This server restarts: try again.', retryAfterMs(this.retry));
  }

  private toRefusal(error: unknown): HttpRefusal {
    if (error instanceof HttpRefusal) return error;
    if (isConnectionError(error))
      return unavailable('The service is busy or restarting: try again.', retryAfterMs(this.retry));
    this.dependencies.logger.error({ err: error }, 'A stream could not begin');
    return new HttpRefusal(500, 'An internal error happened. It has been logged.');
  }
}

/**
 * The head of the answer and a warm feed's first events leave in one write: they are made in one turn of the event loop, and
 * system calls are most of what an attach costs.
 */
function writeTogether(socket: Duplex): void {
  socket.cork();
  process.nextTick(() => socket.uncork());
}
