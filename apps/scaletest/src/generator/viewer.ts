/**
 * One open stream on a chat, folded as it comes. When it is cut it is opened again where it ended, as browsers do, until it is closed.
 * A slow viewer stops reading now and then, so that the server's buffers for it fill.
 *
 * It knows who ended a stream: the harness itself, the platform with a word that invites back (a server that restarts, a reader that is
 * too slow), or the platform without one, which is noted as broken. Only the first two excuse what was missed meanwhile.
 */
import type { StreamEvent } from '@parley/contracts';
import { StreamFold } from '../oracle/stream-fold';
import { describe, type HttpClient, type OpenStream } from './http-client';
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
/** As often as a viewer may be sent away that keeps up: a roll of a few relays, not a platform that ends streams at will. */
const MAX_SENT_AWAY = 3;

export class Viewer {
  readonly fold = new StreamFold();
  readonly name: string;
  reconnects = 0;
  bytes = 0;
  events = 0;
  isAttached = false;
  /** Why it last lost its stream, or was not given one. */
  lastFailure = 'never attached';
  private readonly path: string;
  private cursor: string | undefined;
  private stream: OpenStream | undefined;
  private splitter = new SseSplitter();
  private retryTimer: NodeJS.Timeout | undefined;
  private pauseTimer: NodeJS.Timeout | undefined;
  private failures = 0;
  private sentAway = 0;
  private isClosed = false;
  /** The present stream is ended by the harness. */
  private isCut = false;
  /** The last stream ended for a reason that excuses what was missed. */
  private isExcused = true;
  private attached: (() => void) | undefined;

  constructor(private readonly options: ViewerOptions) {
    this.name = options.name;
    this.path = `/chats/${options.chatId}/stream`;
  }

  open(): void {
    if (this.isClosed) return;
    this.isCut = false;
    this.splitter = new SseSplitter();
    let status = 0;
    this.stream = this.options.client.stream(this.path, {
      token: this.options.token,
      lastEventId: this.cursor,
      onStatus: (known) => {
        status = known;
        if (status === 200) this.attach();
      },
      onText: (text) => {
        if (status === 200) this.read(text);
      },
      onOver: (error) => {
        if (status === 200 || error !== undefined) this.ended(error);
        else this.lastFailure = `answered ${status}`;
        this.lost();
      },
    });
  }

  /** Resolves when the stream is there. */
  untilAttached(): Promise<void> {
    if (this.isAttached) return Promise.resolve();
    return new Promise((resolve) => (this.attached = resolve));
  }

  /** Cuts the connection, as a network does; it comes back by itself. */
  cut(): void {
    this.isCut = true;
    this.stream?.close();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.pauseTimer);
    this.stream?.close();
  }

  private attach(): void {
    this.isAttached = true;
    if (this.isExcused) this.fold.attachedAtMs = performance.now();
    this.attached?.();
    const { pauseMs } = this.options;
    if (pauseMs === undefined) return;
    clearInterval(this.pauseTimer);
    this.pauseTimer = setInterval(() => {
      if (this.stream?.isPaused === true) this.stream.resume();
      else this.stream?.pause();
    }, pauseMs);
  }

  private read(text: string): void {
    const atMs = performance.now();
    this.bytes += text.length;
    this.splitter.push(text, (data, id) => {
      if (id !== undefined) this.cursor = id;
      this.failures = 0;
      this.events += 1;
      this.take(data, atMs);
    });
    this.options.onEvents?.();
  }

  private take(data: string, atMs: number): void {
    try {
      this.fold.apply(JSON.parse(data) as StreamEvent, atMs);
    } catch (error) {
      this.fold.refuse(data, error);
    }
  }

  /** Who did it? */
  private ended(error: unknown): void {
    const isInvited = this.splitter.endsWithInvitation;
    if (this.isAttached) this.isExcused = this.isCut || isInvited;
    if (this.isClosed || this.isCut) return;
    const why = error === undefined ? 'it was ended without a word' : describe(error);
    this.lastFailure = isInvited ? 'sent away' : why;
    if (isInvited && this.options.pauseMs === undefined) this.sentAway += 1;
    if (!isInvited) this.options.client.noteBroken(this.path, `${this.name}: ${why}`);
    else if (this.sentAway > MAX_SENT_AWAY)
      this.options.client.noteBroken(this.path, `${this.name} was sent away ${this.sentAway} times`);
  }

  private lost(): void {
    this.isAttached = false;
    clearInterval(this.pauseTimer);
    if (this.isClosed) return;
    this.reconnects += 1;
    this.failures += 1;
    const most = Math.min(FIRST_RETRY_MS * 2 ** this.failures, MAX_RETRY_MS);
    this.retryTimer = setTimeout(() => this.open(), most * (0.5 + Math.random() / 2));
  }
}
