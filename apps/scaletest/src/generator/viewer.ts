/**
 * One open stream on a chat, folded as it comes. When it is cut it is opened again where it ended, as browsers do, until it is closed.
 * A slow viewer stops reading now and then, so that the server's buffers for it fill.
 */
import type { IncomingMessage } from 'node:http';
import type { StreamEvent } from '@parley/contracts';
import { StreamFold } from '../oracle/stream-fold';
import type { HttpClient } from './http-client';
import { SseSplitter } from './sse-events';

export interface ViewerOptions {
  readonly client: HttpClient;
  readonly token: string;
  readonly chatId: string;
  readonly name: string;
  /** Called after each batch of events. */
  readonly onEvents?: () => void;
  /** Pauses of a slow reader. */
  readonly pauseMs?: number;
}

const FIRST_RETRY_MS = 50;
const MAX_RETRY_MS = 2_000;

export class Viewer {
  readonly fold = new StreamFold();
  readonly name: string;
  reconnects = 0;
  bytes = 0;
  events = 0;
  isAttached = false;
  private cursor: string | undefined;
  private giveUp: (() => void) | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private pauseTimer: NodeJS.Timeout | undefined;
  private failures = 0;
  private isClosed = false;
  private attached: (() => void) | undefined;

  constructor(private readonly options: ViewerOptions) {
    this.name = options.name;
  }

  open(): void {
    if (this.isClosed) return;
    let isOver = false;
    const over = (): void => {
      if (isOver) return;
      isOver = true;
      this.lost();
    };
    this.giveUp = this.options.client.stream(`/chats/${this.options.chatId}/stream`, {
      token: this.options.token,
      lastEventId: this.cursor,
      onFailure: over,
      onResponse: (response) => this.read(response, over),
    });
  }

  /** Resolves when the stream is there. */
  untilAttached(): Promise<void> {
    if (this.isAttached) return Promise.resolve();
    return new Promise((resolve) => (this.attached = resolve));
  }

  /** Cuts the connection, as a network does; it comes back by itself. */
  cut(): void {
    this.giveUp?.();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.pauseTimer);
    this.giveUp?.();
  }

  private read(response: IncomingMessage, over: () => void): void {
    if (response.statusCode !== 200) {
      response.resume();
      response.on('error', over);
      response.on('end', over);
      return;
    }
    this.isAttached = true;
    this.fold.attachedAtMs = performance.now();
    this.attached?.();
    const splitter = new SseSplitter();
    response.setEncoding('utf8');
    let atMs = 0;
    const onEvent = (data: string, id: string | undefined): void => {
      if (id !== undefined) this.cursor = id;
      this.failures = 0;
      this.take(JSON.parse(data) as StreamEvent, atMs);
    };
    response.on('data', (chunk: string) => {
      atMs = performance.now();
      this.bytes += chunk.length;
      splitter.push(chunk, onEvent);
      this.options.onEvents?.();
    });
    response.on('error', over);
    response.on('close', over);
    if (this.options.pauseMs !== undefined) this.readSlowly(response, this.options.pauseMs);
  }

  private take(event: StreamEvent, atMs: number): void {
    this.events += 1;
    this.fold.apply(event, atMs);
  }

  private readSlowly(response: IncomingMessage, pauseMs: number): void {
    clearInterval(this.pauseTimer);
    this.pauseTimer = setInterval(() => {
      if (response.isPaused()) response.resume();
      else response.pause();
    }, pauseMs);
  }

  private lost(): void {
    this.isAttached = false;
    if (this.isClosed) return;
    clearInterval(this.pauseTimer);
    this.reconnects += 1;
    this.failures += 1;
    const most = Math.min(FIRST_RETRY_MS * 2 ** this.failures, MAX_RETRY_MS);
    this.retryTimer = setTimeout(() => this.open(), most * (0.5 + Math.random() / 2));
  }
}
