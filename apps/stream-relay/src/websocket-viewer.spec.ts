import { EventEmitter } from 'node:events';
import type { WebSocket } from 'ws';
import { RelayMetrics } from './relay-metrics';
import { WebSocketViewer } from './websocket-viewer';

/** A socket of which the spec says how much of what was sent the system has taken. */
class HeldSocket extends EventEmitter {
  bufferedAmount = 0;
  pings = 0;
  send(frame: Buffer): void {
    this.bufferedAmount += frame.length;
  }
  ping(): void {
    this.pings += 1;
  }
  terminate(): void {
    this.emit('close');
  }
}

function open(): { socket: HeldSocket; viewer: WebSocketViewer; counts: RelayMetrics } {
  const socket = new HeldSocket();
  const counts = new RelayMetrics();
  const viewer = new WebSocketViewer(socket as unknown as WebSocket, {
    counts,
    showsCursors: false,
    heartbeatMs: 1_000,
    maxBufferedBytes: Infinity,
    closeGraceMs: 1,
    retry: { minRetryMs: 1, maxRetryMs: 1, random: () => 0 },
  });
  return { socket, viewer, counts };
}

const frames = [Buffer.alloc(1_000), Buffer.alloc(1_000)];
const backlog = {
  count: 2,
  webSocketFrames: frames,
  webSocketFramesWithCursor: frames,
  serverSentEvents: Buffer.alloc(0),
};

describe('A WebSocket viewer that sends no pong', () => {
  it('is dead by the second heartbeat when nothing waits for it, or none of it is taken', () => {
    for (const waits of [false, true]) {
      const { socket, viewer, counts } = open();
      if (waits) viewer.send(backlog);
      viewer.heartbeat();
      expect([viewer.isClosed, socket.pings]).toEqual([false, 1]);
      viewer.heartbeat();
      expect([viewer.isClosed, counts.deadViewersDropped]).toEqual([true, 1]);
    }
  });

  it('lives as long as it takes some of a backlog, which its pong stands behind', () => {
    const { socket, viewer, counts } = open();
    viewer.send(backlog);
    viewer.heartbeat();
    for (const left of [1_500, 700, 1]) {
      socket.bufferedAmount = left;
      viewer.heartbeat();
      expect(viewer.isClosed).toBe(false);
    }
    socket.emit('pong');
    viewer.heartbeat();
    viewer.heartbeat();
    expect([viewer.isClosed, counts.deadViewersDropped]).toEqual([true, 1]);
  });

  it('is dead although the system takes what is new, when nothing had waited before', () => {
    const { socket, viewer } = open();
    viewer.heartbeat();
    viewer.send(backlog);
    socket.bufferedAmount = 0;
    viewer.heartbeat();
    expect(viewer.isClosed).toBe(true);
  });
});
