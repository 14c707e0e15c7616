/**
 * A viewer that costs next to nothing, so that thousands fit beside what is measured: it notes where it stands, checks that the parts come
 * one after another, and forgets the rest.
 */
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';

export interface LightTarget {
  readonly url: string;
  readonly chatId: string;
  readonly token: string;
}

export class LightStream {
  cursor = '';
  parts = 0;
  bytes = 0;
  isOpen = false;
  /** Parts that were missed or came twice. */
  faults = 0;
  private lastPart = '';
  private drop: () => void = () => undefined;

  constructor(
    readonly target: LightTarget,
    readonly over: 'WebSocket' | 'SSE',
  ) {}

  /** Resolves when the first event is there. */
  open(): Promise<void> {
    const path = `/api/v2/chats/${this.target.chatId}/stream?cursor=${this.cursor}`;
    return this.over === 'SSE' ? this.openSse(path) : this.openWebSocket(path);
  }

  close(): void {
    this.isOpen = false;
    this.drop();
  }

  private openWebSocket(path: string): Promise<void> {
    const socket = new WebSocket(this.target.url.replace('http', 'ws') + path, {
      headers: { 'Coder-Session-Token': this.target.token },
      perMessageDeflate: false,
      skipUTF8Validation: true,
    });
    this.drop = () => socket.terminate();
    socket.on('message', (data: Buffer) => this.take(data.toString()));
    socket.on('close', () => (this.isOpen = false));
    return new Promise((resolve, reject) => {
      socket.once('open', () => {
        this.isOpen = true;
        resolve();
      });
      socket.once('error', reject);
    });
  }

  private openSse(path: string): Promise<void> {
    const { hostname, port } = new URL(this.target.url);
    const socket: Socket = connect({ host: hostname, port: Number(port) });
    this.drop = () => socket.destroy();
    let pending = '';
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: relay\r\nAccept: text/event-stream\r\nCoder-Session-Token: ${this.target.token}\r\n\r\n`,
    );
    return new Promise((resolve, reject) => {
      socket.on('data', (data) => {
        pending += data.toString();
        if (!this.isOpen) {
          if (!pending.startsWith('HTTP/1.1 200')) return reject(new Error(pending.slice(0, 200)));
          this.isOpen = true;
          resolve();
        }
        const end = pending.lastIndexOf('\n\n') + 2;
        if (end < 2) return;
        this.take(pending.slice(0, end));
        pending = pending.slice(end);
      });
      socket.on('close', () => (this.isOpen = false));
      socket.on('error', reject);
    });
  }

  private take(text: string): void {
    this.bytes += text.length;
    for (const [, version, attempt, seq] of text.matchAll(
      /"history_version":(\d+),"generation_attempt":(\d+),"seq":(\d+)/g,
    )) {
      this.parts += 1;
      const episode = `${version}.${attempt}.`;
      const expected = this.lastPart.startsWith(episode)
        ? Number(this.lastPart.slice(episode.length)) + 1
        : 1;
      if (Number(seq) !== expected) this.faults += 1;
      this.lastPart = episode + seq;
    }
    const cursors =
      this.over === 'SSE' ? text.matchAll(/^id: (\S+)$/gm) : text.matchAll(/"cursor":"([\d.]+)"/g);
    for (const [, cursor = ''] of cursors) this.cursor = cursor;
  }
}

/** At most so many at a time. */
export async function inBatches<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<unknown>,
  atOnce = 100,
): Promise<void> {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
    }),
  );
}
