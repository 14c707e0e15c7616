/** Clients that share nothing with the relay: a raw WebSocket, and an SSE reader on fetch. Both keep all they got. */
import type { StreamEvent } from '@parley/contracts';
import { eventually } from '@parley/testing';
import { WebSocket } from 'ws';

export interface ReceivedEvent {
  readonly event: StreamEvent;
  readonly cursor: string | undefined;
}

export class StreamClient {
  readonly received: ReceivedEvent[] = [];
  /** Events a WebSocket frame. */
  readonly frameSizes: number[] = [];
  readonly comments: string[] = [];
  retryMs: number | undefined;
  closed: { code: number; reason: string } | undefined;
  drop: () => void = () => undefined;

  get events(): StreamEvent[] {
    return this.received.map(({ event }) => event);
  }

  get types(): string[] {
    return this.events.map(({ type }) => type);
  }

  get lastCursor(): string {
    return this.received.findLast(({ cursor }) => cursor !== undefined)?.cursor ?? '';
  }

  /** The texts of committed messages, in order. */
  get messages(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'message' ? [partText(event.message.content[0])] : [],
    );
  }

  get parts(): { seq: number; text: string }[] {
    return this.events.flatMap((event) =>
      event.type === 'message_part'
        ? [{ seq: event.message_part.seq, text: partText(event.message_part.part) }]
        : [],
    );
  }

  get previewText(): string {
    const from = this.types.lastIndexOf('preview_reset') + 1;
    return this.events
      .slice(from)
      .map((event) => (event.type === 'message_part' ? partText(event.message_part.part) : ''))
      .join('');
  }

  get status(): string | undefined {
    return this.events.flatMap((event) => (event.type === 'status' ? [event.status.status] : [])).at(-1);
  }

  async until(check: (client: this) => boolean): Promise<void> {
    await eventually(() => check(this));
  }
}

function partText(part: unknown): string {
  return (part as { text?: string } | undefined)?.text ?? '';
}

export interface Connection {
  readonly url: string;
  readonly token: string;
  readonly chatId: string;
  /** Such as `after_id=3`. */
  readonly query?: string;
  readonly headers?: Record<string, string>;
}

const pathOf = ({ chatId, query }: Connection): string =>
  `/api/v2/chats/${chatId}/stream${query === undefined ? '' : `?${query}`}`;

export async function openWebSocket(connection: Connection): Promise<StreamClient> {
  const client = new StreamClient();
  const headers = { 'Coder-Session-Token': connection.token, ...connection.headers };
  const socket = new WebSocket(connection.url.replace('http', 'ws') + pathOf(connection), { headers });
  socket.on('message', (data: Buffer) => {
    const events = JSON.parse(data.toString()) as (StreamEvent & { cursor?: string })[];
    client.frameSizes.push(events.length);
    for (const { cursor, ...event } of events) client.received.push({ event, cursor });
  });
  socket.on('close', (code, reason) => (client.closed = { code, reason: reason.toString() }));
  client.drop = () => socket.terminate();
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        reject(
          new RefusedStream(response.statusCode ?? 0, Buffer.concat(chunks).toString(), response.headers),
        );
      });
    });
    socket.once('error', reject);
  });
  return client;
}

export class RefusedStream extends Error {
  constructor(
    readonly status: number,
    readonly body: string,
    readonly headers: Record<string, unknown>,
  ) {
    super(`${status} ${body}`);
  }
}

export async function openSse(connection: Connection): Promise<StreamClient & { response: Response }> {
  const abort = new AbortController();
  const response = await fetch(connection.url + pathOf(connection), {
    headers: { Accept: 'text/event-stream', 'Coder-Session-Token': connection.token, ...connection.headers },
    signal: abort.signal,
  });
  if (response.status !== 200)
    throw new RefusedStream(response.status, await response.text(), Object.fromEntries(response.headers));
  const client = Object.assign(new StreamClient(), { response, drop: () => abort.abort() });
  void readSse(client, response).catch(() => (client.closed ??= { code: 0, reason: 'dropped' }));
  return client;
}

async function readSse(client: StreamClient, response: Response): Promise<void> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of response.body ?? []) {
    pending += decoder.decode(chunk as Uint8Array, { stream: true });
    const blocks = pending.split('\n\n');
    pending = blocks.pop() ?? '';
    for (const block of blocks) takeBlock(client, block);
  }
  client.closed = { code: 0, reason: client.comments.at(-1) ?? '' };
}

function takeBlock(client: StreamClient, block: string): void {
  let cursor: string | undefined;
  for (const line of block.split('\n')) {
    if (line.startsWith(':')) client.comments.push(line.slice(1).trim());
    else if (line.startsWith('retry: ')) client.retryMs = Number(line.slice(7));
    else if (line.startsWith('id: ')) cursor = line.slice(4);
    else if (line.startsWith('data: '))
      client.received.push({ event: JSON.parse(line.slice(6)) as StreamEvent, cursor });
    else throw new Error(`Not a line of an event stream: ${line}`);
  }
}
