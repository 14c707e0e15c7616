import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { eventually, FakeClock } from '@parley/testing';
import { EventBatch } from './encoded-event';
import { HttpRefusal } from './http-refusal';
import { OpenStreams } from './open-streams';
import { RelayMetrics } from './relay-metrics';
import { RelayFixture, logger, type RunningRelay, type TestWorker } from './testing/relay-fixture';
import { SseViewer } from './sse-viewer';
import { openWebSocket } from './testing/stream-clients';
import type { ClosingReason, Viewer } from './viewer';

describe('A slow viewer', () => {
  let fixture: RelayFixture;
  let running: RunningRelay;
  let worker: TestWorker;
  let token: string;

  beforeAll(async () => {
    fixture = await RelayFixture.create('in-process');
    running = await fixture.relay({ maxBufferedBytes: 64 * 1024, closeGraceMs: 50 });
    worker = await fixture.worker();
    token = await fixture.token();
  });
  afterAll(() => fixture.close());

  /** A client that asks for a stream and then reads nothing. */
  async function stalled(chatId: string, upgrade: boolean): Promise<Socket> {
    const { port } = new URL(running.url);
    const socket = connect({ port: Number(port), host: '127.0.0.1' });
    const head = [
      `GET /api/v2/chats/${chatId}/stream HTTP/1.1`,
      'Host: relay',
      `Coder-Session-Token: ${token}`,
      ...(upgrade
        ? [
            'Connection: Upgrade',
            'Upgrade: websocket',
            'Sec-WebSocket-Version: 13',
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
          ]
        : []),
    ];
    socket.on('error', () => undefined);
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    await new Promise((resolve) => socket.once('readable', resolve));
    return socket;
  }

  it.each(['WebSocket', 'SSE'])(
    'over %s is dropped when its buffer is full, and nobody else waits',
    async (over) => {
      const chatId = await fixture.chat();
      const reader = await openWebSocket({ url: running.url, token, chatId });
      await reader.until(({ status }) => status === 'running');
      const { metrics } = running.relay;
      const [dropped, viewers] = [metrics.slowViewersDropped, metrics.viewers];
      const socket = await stalled(chatId, over === 'WebSocket');
      await reader.until(() => metrics.viewers === viewers + 1);
      await worker.take(chatId);
      const text = 'x'.repeat(32 * 1024);
      for (let index = 1; metrics.slowViewersDropped === dropped; index += 1) {
        worker.stream(text);
        await reader.until(({ parts }) => parts.length === index);
        if (index > 2_000) throw new Error('the stalled viewer was never dropped');
      }
      await reader.until(() => metrics.viewers === viewers);
      await worker.finish('done');
      await reader.until(({ status }) => status === 'waiting');
      expect(reader.closed).toBeUndefined();
      socket.destroy();
      reader.drop();
    },
  );
});

describe('A quiet WebSocket', () => {
  it('gets empty frames where the client speaks of cursors, since a page sees no pings, and else none', async () => {
    const fixture = await RelayFixture.create('in-process');
    const { url, relay } = await fixture.relay({ heartbeatMs: 160 });
    const [token, chatId] = [await fixture.token(), await fixture.chat()];
    const [knowing, other] = await Promise.all([
      openWebSocket({ url, token, chatId, query: 'cursor=' }),
      openWebSocket({ url, token, chatId }),
    ]);
    await knowing.until(({ frameSizes }) => frameSizes.filter((size) => size === 0).length >= 2);
    await other.until(({ status }) => status === 'running');
    expect(other.frameSizes).not.toContain(0);
    expect(relay.metrics.deadViewersDropped).toBe(0);
    await fixture.close();
  });
});

describe('An SSE reader that lets much wait', () => {
  /** What the time of a socket in Node goes by: it runs afresh where the system took some of what waits, else it is up. */
  interface TimedSocket {
    readonly _handle: { readonly writeQueueSize: number } | null;
    _onTimeout(): void;
  }
  const counts = new RelayMetrics();
  const heartbeatMs = 600_000;
  const stop = new AbortController();
  afterAll(() => stop.abort());

  /** Sends 24 MB, more than systems take on their own, to a reader that has read nothing yet. */
  async function open(): Promise<{
    viewer: SseViewer;
    socket: Socket & TimedSocket;
    answer: IncomingMessage;
  }> {
    const server = createServer();
    server.listen({ port: 0, host: '127.0.0.1', signal: stop.signal });
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const request = get({ port, host: '127.0.0.1', signal: stop.signal, agent: false });
    request.on('error', () => undefined);
    const [, response] = (await once(server, 'request')) as [IncomingMessage, ServerResponse];
    const retry = { minRetryMs: 1, maxRetryMs: 1, random: () => 0 };
    const options = { counts, heartbeatMs, maxBufferedBytes: Infinity, closeGraceMs: 1, retry };
    const viewer = new SseViewer(response, options);
    const socket = response.socket as Socket & TimedSocket;
    expect(socket.timeout).toBe(2 * heartbeatMs);
    const none: readonly Buffer[] = [];
    const serverSentEvents = Buffer.alloc(24 * 1024 * 1024, ': comment\n');
    viewer.send({
      count: 1,
      webSocketFrames: none,
      webSocketFramesWithCursor: none,
      serverSentEvents,
    });
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);
    return { viewer, socket, answer };
  }

  it('but goes on reading, however slowly, is not taken for dead, nor when it has read all', async () => {
    const { viewer, socket, answer } = await open();
    const waiting = (): number => socket._handle?.writeQueueSize ?? 0;
    let rounds = 0;
    for (; waiting() > 0; rounds += 1) {
      const before = waiting();
      answer.resume();
      await eventually(() => waiting() < before);
      answer.pause();
      socket._onTimeout();
    }
    expect(rounds).toBeGreaterThan(1);
    answer.resume();
    await eventually(() => socket.writableLength === 0);
    for (let round = 0; round < 3; round += 1) socket._onTimeout();
    expect([counts.deadViewersDropped, socket.destroyed, viewer.isClosed]).toEqual([0, false, false]);
  });

  it('and reads none of it for two heartbeats, is', async () => {
    const { viewer, socket } = await open();
    await eventually(() => {
      socket._onTimeout();
      return viewer.isClosed;
    });
    expect(counts.deadViewersDropped).toBe(1);
  });
});

class StubViewer implements Viewer {
  isClosed = false;
  beats = 0;
  closings: ClosingReason[] = [];
  private readonly listeners: (() => void)[] = [];
  send(): void {}
  flushed = (): Promise<void> => Promise.resolve();
  heartbeat(): void {
    this.beats += 1;
  }
  close(reason: ClosingReason): void {
    this.closings.push(reason);
    this.destroy();
  }
  destroy(): void {
    this.isClosed = true;
    for (const listener of this.listeners.splice(0)) listener();
  }
  onClosed(listener: () => void): void {
    this.listeners.push(listener);
  }
}

describe('OpenStreams', () => {
  const actor = { userId: 'u', username: 'u', name: '', isAdmin: false, organizationIds: [], apiKeyId: 'k' };
  const create = (isValid: () => boolean = () => true) => {
    let looks = 0;
    const clock = new FakeClock();
    const metrics = new RelayMetrics();
    const holder = { actor, token: 't', verifiedAt: clock.now(), changes: 0 };
    const streams = new OpenStreams({
      maxStreams: 100,
      heartbeatMs: 16_000,
      holderLingerMs: 60_000,
      retry: { minRetryMs: 500, maxRetryMs: 1_500, random: () => 0.5 },
      clock,
      logger,
      metrics,
      authenticate: () => {
        looks += 1;
        return Promise.resolve(isValid() ? actor : null);
      },
    });
    return { clock, metrics, streams, holder, looks: () => looks };
  };

  it('every stream has one heartbeat in each round, and they are spread over it', async () => {
    const { clock, streams, holder } = create();
    streams.start();
    const viewers = Array.from({ length: 320 }, () => new StubViewer());
    for (const viewer of viewers) streams.add(viewer, holder);
    await clock.waitForSleeper('heartbeat');
    await clock.advance(1_000);
    expect(viewers.filter(({ beats }) => beats > 0)).toHaveLength(20);
    await clock.advance(15_000);
    expect(viewers.every(({ beats }) => beats === 1)).toBe(true);
    await streams.stop();
  });

  it('looks at each token again in time, and ends the stream of one that is no longer good', async () => {
    let isValid = true;
    const { clock, streams, metrics, holder } = create(() => isValid);
    streams.start();
    const viewer = new StubViewer();
    streams.add(viewer, holder);
    isValid = false;
    await clock.waitForSleeper('heartbeat');
    await clock.advance(19 * 16_000);
    expect(viewer.closings).toEqual([]);
    await clock.advance(16_000);
    expect(viewer.closings).toEqual(['unauthorized']);
    expect(metrics.viewers).toBe(0);
    await streams.stop();
  });

  it('knows who comes back soon without a look, and looks again after a while and after any news', async () => {
    const { clock, streams, looks } = create();
    const comeAndGo = async (): Promise<void> => {
      const holder = await streams.identify('t');
      const viewer = new StubViewer();
      if (holder !== null) streams.add(viewer, holder);
      viewer.destroy();
    };
    await comeAndGo();
    for (let round = 0; round < 3; round += 1) {
      await clock.advance(30_000);
      await comeAndGo();
    }
    expect(looks()).toBe(1);
    await clock.advance(60_000);
    await comeAndGo();
    expect(looks()).toBe(2);
    for (const news of [
      () => streams.recheck('k'),
      () => streams.recheck('u'),
      () => streams.recheckSoon(),
    ]) {
      const before = looks();
      news();
      await comeAndGo();
      expect(looks()).toBe(before + 1);
    }
    streams.recheck('another key');
    await comeAndGo();
    expect(looks()).toBe(5);
    // Whoever comes and goes all the time is looked at as often as whoever stays.
    for (let round = 0; round < 12; round += 1) {
      await clock.advance(30_000);
      await comeAndGo();
    }
    expect(looks()).toBe(6);
    await streams.stop();
  });

  it('remembers nobody whose token is in doubt, and looks at one that came while the news did', async () => {
    let isValid = true;
    const { streams, looks } = create(() => isValid);
    const early = await streams.identify('t');
    const open = new StubViewer();
    if (early !== null) streams.add(open, early);
    isValid = false;
    streams.recheckSoon();
    open.destroy();
    expect(await streams.identify('t')).toBeNull();
    const late = new StubViewer();
    if (early !== null) streams.add(late, early);
    await eventually(() => late.closings.length > 0);
    expect([late.closings, looks()]).toEqual([['unauthorized'], 3]);
    await streams.stop();
  });

  it('looks at all tokens within one round of heartbeats when news may have been lost', async () => {
    const { clock, streams, holder, looks } = create();
    streams.start();
    for (let index = 0; index < 320; index += 1) streams.add(new StubViewer(), holder);
    await clock.waitForSleeper('heartbeat');
    streams.recheckSoon();
    expect(looks()).toBe(0);
    await clock.advance(1_000);
    expect(looks()).toBe(20);
    await clock.advance(31_000);
    expect(looks()).toBe(320);
    await streams.stop();
  });

  it('refuses with the time after which to try again, when full and when it stops', async () => {
    const { streams, metrics } = create();
    const refused = [503, { 'Retry-After': '1' }];
    const places = Array.from({ length: 100 }, () => streams.reserve());
    expect(refusalOf(() => streams.reserve())).toEqual(refused);
    expect(metrics.admissionsRefused).toBe(1);
    places[0]?.();
    places[0]?.();
    streams.reserve();
    expect(refusalOf(() => streams.reserve())).toEqual(refused);
    await streams.stop();
    places[1]?.();
    expect(refusalOf(() => streams.reserve())).toEqual(refused);
  });
});

function refusalOf(work: () => unknown): unknown {
  try {
    return work();
  } catch (error) {
    return error instanceof HttpRefusal ? [error.status, error.more.headers] : error;
  }
}

describe('EventBatch', () => {
  it('is encoded once, in frames of at most 256 events and about a megabyte', () => {
    const event = (json: string) => ({ type: 'status' as const, json, cursor: '1.0.0.0' });
    const many = new EventBatch(Array.from({ length: 600 }, (_, index) => event(`{"n":${index}}`)));
    const sizes = many.webSocketFrames.map((frame) => (JSON.parse(frame.toString()) as unknown[]).length);
    expect(sizes).toEqual([256, 256, 88]);
    expect(many.webSocketFrames).toBe(many.webSocketFrames);
    expect(many.serverSentEvents).toBe(many.serverSentEvents);
    const large = new EventBatch(['a', 'b', 'c'].map((name) => event(`{"x":"${name.repeat(600_000)}"}`)));
    expect(large.webSocketFrames).toHaveLength(3);
  });

  it('carries cursors on WebSocket frames only for who asked', () => {
    const batch = new EventBatch([{ type: 'status', json: '{"type":"status"}', cursor: '4.0.2.9' }]);
    expect(batch.webSocketFrames.map(String)).toEqual(['[{"type":"status"}]']);
    expect(batch.webSocketFramesWithCursor.map(String)).toEqual(['[{"type":"status","cursor":"4.0.2.9"}]']);
    expect(batch.serverSentEvents.toString()).toBe('id: 4.0.2.9\ndata: {"type":"status"}\n\n');
  });
});
