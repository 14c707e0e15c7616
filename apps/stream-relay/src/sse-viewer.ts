/**
 * A viewer on server-sent events: one event a message, its cursor as `id`, so that a browser's own reconnect resumes by itself.
 * Comments keep proxies from closing a quiet stream.
 */
import type { ServerResponse } from 'node:http';
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

const LOW_WATER_BYTES = 64 * 1024;

export interface SseViewerOptions extends ViewerOptions {
  readonly counts: ViewerCounts;
}

export class SseViewer implements Viewer {
  private readonly ending = new Ending();
  private isClosing = false;

  constructor(
    private readonly response: ServerResponse,
    private readonly options: SseViewerOptions,
  ) {
    response.on('error', () => undefined);
    response.on('close', () => this.ending.happen());
    // Node's own clock of a socket stands still while the system takes any of what waits, be it of one large write.
    response.setTimeout(2 * options.heartbeatMs, () => this.onSilence());
    response.writeHead(200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform',
      'X-Accel-Buffering': 'no',
      Connection: 'keep-alive',
    });
    response.socket?.setNoDelay(true);
    response.flushHeaders();
    response.write(`retry: ${retryAfterMs(options.retry)}\n\n`);
  }

  get isClosed(): boolean {
    return this.isClosing || this.ending.isOver;
  }

  send(outgoing: Outgoing): void {
    if (this.isClosed) return;
    const { counts, maxBufferedBytes } = this.options;
    if (this.response.writableLength > maxBufferedBytes) {
      counts.slowViewersDropped += 1;
      this.close('slow');
      return;
    }
    counts.eventsSent += outgoing.count;
    counts.bytesSent += outgoing.serverSentEvents.length;
    this.response.write(outgoing.serverSentEvents);
  }

  async flushed(): Promise<void> {
    while (!this.isClosed && this.response.writableLength > LOW_WATER_BYTES) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.response.off('drain', done).off('close', done);
          resolve();
        };
        this.response.on('drain', done).on('close', done);
      });
    }
  }

  heartbeat(): void {
    if (!this.isClosed) this.response.write(': heartbeat\n\n');
  }

  close(reason: ClosingReason): void {
    if (this.isClosed) return;
    this.isClosing = true;
    const { text, invitesBack } = CLOSINGS[reason];
    const hint = invitesBack ? `retry: ${retryAfterMs(this.options.retry)}\n` : '';
    this.response.end(`${hint}: ${text}\n\n`);
    const grace = setTimeout(() => this.response.destroy(), this.options.closeGraceMs);
    this.ending.on(() => clearTimeout(grace));
  }

  destroy(): void {
    this.response.destroy();
  }

  onClosed(listener: () => void): void {
    this.ending.on(listener);
  }

  /** A peer that took nothing of what waits for two heartbeats is taken for dead; a slow one is not. */
  private onSilence(): void {
    if (this.response.writableLength === 0) return;
    this.options.counts.deadViewersDropped += 1;
    this.destroy();
  }
}
