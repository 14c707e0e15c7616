/** A viewer on a WebSocket: a frame is a JSON array of at most 256 events. What the client sends is ignored, but for its pongs. */
import type { WebSocket } from 'ws';
import type { Outgoing } from './encoded-event';
import {
  CLOSINGS,
  Ending,
  retryAfterMs,
  type ClosingReason,
  type Viewer,
  type ViewerCounts,
  type ViewerOptions,
} from './viewer';

/** Below this the next page of a replay may be made. */
const LOW_WATER_BYTES = 64 * 1024;

export interface WebSocketViewerOptions extends ViewerOptions {
  readonly counts: ViewerCounts;
  /** Each event carries the cursor that follows it, and an empty frame shows that the stream lives: a page does not see a ping. */
  readonly showsCursors: boolean;
}

const NO_EVENTS = Buffer.from('[]');

export class WebSocketViewer implements Viewer {
  private readonly ending = new Ending();
  private waiters: (() => void)[] = [];
  private isClosing = false;
  private showedLife = true;
  private sentBytes = 0;
  /** At the last heartbeat: what still waited, and what the system had taken. */
  private before = { waitingBytes: 0, takenBytes: 0 };

  constructor(
    private readonly socket: WebSocket,
    private readonly options: WebSocketViewerOptions,
  ) {
    socket.on('pong', () => (this.showedLife = true));
    // "close" follows every error and is what counts.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onGone());
  }

  get isClosed(): boolean {
    return this.isClosing || this.ending.isOver;
  }

  send(outgoing: Outgoing): void {
    if (this.isClosed) return;
    const { counts, maxBufferedBytes, showsCursors } = this.options;
    if (this.socket.bufferedAmount > maxBufferedBytes) {
      counts.slowViewersDropped += 1;
      this.close('slow');
      return;
    }
    const frames = showsCursors ? outgoing.webSocketFramesWithCursor : outgoing.webSocketFrames;
    counts.eventsSent += outgoing.count;
    for (const frame of frames) {
      counts.bytesSent += frame.length;
      this.sentBytes += frame.length;
      this.socket.send(frame, { binary: false }, this.onWritten);
    }
  }

  flushed(): Promise<void> {
    if (this.isClosed || this.socket.bufferedAmount <= LOW_WATER_BYTES) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  heartbeat(): void {
    if (this.isClosed) return;
    const readsOn = this.readsOn();
    if (!this.showedLife && !readsOn) {
      this.options.counts.deadViewersDropped += 1;
      this.destroy();
      return;
    }
    this.showedLife = false;
    this.socket.ping();
    if (this.options.showsCursors) this.socket.send(NO_EVENTS, { binary: false }, this.onWritten);
  }

  close(reason: ClosingReason): void {
    if (this.isClosed) return;
    this.isClosing = true;
    const { webSocketCode, text, invitesBack } = CLOSINGS[reason];
    const hint = invitesBack ? `; retry_ms=${retryAfterMs(this.options.retry)}` : '';
    this.socket.close(webSocketCode, text + hint);
    const grace = setTimeout(() => this.socket.terminate(), this.options.closeGraceMs);
    this.ending.on(() => clearTimeout(grace));
    this.releaseWaiters();
  }

  destroy(): void {
    this.socket.terminate();
  }

  onClosed(listener: () => void): void {
    this.ending.on(listener);
  }

  /** A pong comes only when all that was sent before it is read. Until then a slow peer shows life by what the system could send on to it. */
  private readsOn(): boolean {
    const waitingBytes = this.socket.bufferedAmount;
    const takenBytes = this.sentBytes - waitingBytes;
    const { before } = this;
    this.before = { waitingBytes, takenBytes };
    return before.waitingBytes > 0 && takenBytes > before.takenBytes;
  }

  private readonly onWritten = (): void => {
    if (this.waiters.length > 0 && this.socket.bufferedAmount <= LOW_WATER_BYTES) this.releaseWaiters();
  };

  private onGone(): void {
    this.ending.happen();
    this.releaseWaiters();
  }

  private releaseWaiters(): void {
    for (const release of this.waiters.splice(0)) release();
  }
}
