/**
 * Plays one script to one client. Cheap on purpose, thousands run at once: pieces that are due together leave in one
 * write, a script without waits needs no timer, and there is never more than one timer a stream. Waits are counted from
 * the start, so a late timer is caught up and does not stretch the stream. It never writes into a full socket; it
 * notices at once when the client goes, and stops.
 */
import type { ServerResponse } from 'node:http';
import type { Piece, Script } from './script';

const MAX_WRITE_CHARACTERS = 65_536;

export interface PlaybackEvents {
  /** Bytes went out; `chunks` content chunks were among them. */
  readonly onWrite: (chunks: number, bytes: number) => void;
  /** Nothing more will be sent by this playback. */
  readonly onEnd: () => void;
}

export interface PlaybackInput {
  readonly response: ServerResponse;
  readonly script: Script;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** When the request arrived, on the same clock: waits are counted from there. */
  readonly startedAt: number;
  readonly events: PlaybackEvents;
}

export class Playback {
  private position = 0;
  private dueAt: number;
  private timer: NodeJS.Timeout | undefined;
  private isStopped = false;
  private current: Piece | undefined;

  constructor(private readonly input: PlaybackInput) {
    this.dueAt = input.startedAt;
    this.current = this.nextPiece();
    if (this.current !== undefined) this.dueAt += this.current.waitMs;
  }

  start(): void {
    this.play();
  }

  /** The client is gone, or the mock stops: no timer is left. */
  stop(): void {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.input.response.off('drain', this.play);
  }

  private nextPiece(): Piece | undefined {
    const { pieces, more } = this.input.script;
    const piece = this.position < pieces.length ? pieces[this.position] : more?.();
    this.position += 1;
    return piece;
  }

  private readonly play = (): void => {
    if (this.isStopped) return;
    const { script, now } = this.input;
    for (;;) {
      const { text, chunks } = this.takeDue(now());
      if (this.current === undefined && script.ending !== 'hang') return this.finish(text, chunks);
      if (text !== '' && !this.write(text, chunks)) {
        this.input.response.once('drain', this.play);
        return;
      }
      if (this.current === undefined) return;
      const waitMs = this.dueAt - now();
      if (waitMs > 0) {
        this.timer = setTimeout(this.play, Math.ceil(waitMs));
        return;
      }
    }
  };

  /** Everything whose time has come, up to the size of one write. */
  private takeDue(nowMs: number): { text: string; chunks: number } {
    let text = '';
    let chunks = 0;
    while (this.current !== undefined && this.dueAt <= nowMs && text.length < MAX_WRITE_CHARACTERS) {
      text += this.current.text;
      chunks += this.current.chunks;
      this.current = this.nextPiece();
      if (this.current !== undefined) this.dueAt += this.current.waitMs;
    }
    return { text, chunks };
  }

  private sendHeaders(extra: Readonly<Record<string, string>> = {}): void {
    const { response, status, headers } = this.input;
    if (!response.headersSent) response.writeHead(status, { ...headers, ...extra });
  }

  private write(text: string, chunks: number): boolean {
    this.sendHeaders();
    this.input.events.onWrite(chunks, Buffer.byteLength(text));
    return this.input.response.write(text);
  }

  private finish(text: string, chunks: number): void {
    const { response, script, events } = this.input;
    this.isStopped = true;
    if (script.ending === 'reset') {
      if (text === '') response.destroy();
      else {
        this.sendHeaders();
        events.onWrite(chunks, Buffer.byteLength(text));
        response.write(text, () => response.destroy());
      }
    } else {
      const bytes = Buffer.byteLength(text);
      if (!response.headersSent && this.input.headers['content-type'] === 'application/json') {
        this.sendHeaders({ 'content-length': String(bytes) });
      } else this.sendHeaders();
      events.onWrite(chunks, bytes);
      response.end(text);
    }
    events.onEnd();
  }
}
