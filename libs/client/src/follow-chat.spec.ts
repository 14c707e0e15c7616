/** Against a small server of the test, whose streams end where the test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { StreamEvent } from '@parley/contracts';
import { ApiError } from './errors';
import { followChat, type FollowOptions } from './follow-chat';
import { ParleyClient } from './parley-client';

const CHAT = '11111111-2222-4333-8444-555555555555';

const part = (seq: number, text: string): StreamEvent => ({
  type: 'message_part',
  chat_id: CHAT,
  message_part: {
    role: 'assistant',
    part: { type: 'text', text },
    history_version: 1,
    generation_attempt: 0,
    seq,
  },
});

const status = (value: 'running' | 'waiting'): StreamEvent => ({
  type: 'status',
  chat_id: CHAT,
  status: { status: value },
});

describe('followChat', () => {
  let server: Server;
  let client: ParleyClient;
  let answers: ((response: ServerResponse) => void)[];
  let asked: URL[];

  beforeEach(async () => {
    answers = [];
    asked = [];
    server = createServer((request: IncomingMessage, response) => {
      asked.push(new URL(request.url ?? '', 'http://localhost'));
      answers.shift()?.(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new ParleyClient({ baseUrl: `http://127.0.0.1:${port}` });
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const stream =
    (events: readonly [string, StreamEvent][], end: 'end' | 'cut' | 'stay') => (response: ServerResponse) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const text = events.map(([id, event]) => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`).join('');
      response.write(text, () => {
        if (end === 'end') response.end();
        if (end === 'cut') response.destroy();
      });
    };

  const refuse = (code: number) => (response: ServerResponse) => {
    response.writeHead(code, { 'Content-Type': 'application/json' }).end('{"message":"no"}');
  };

  async function followUntilWaiting(options: Partial<FollowOptions> = {}): Promise<string> {
    for await (const view of followChat(client, {
      chatId: CHAT,
      minDelayMs: 1,
      random: () => 0,
      ...options,
    })) {
      if (view.status === 'waiting') return view.previewText;
    }
    throw new Error('The stream ended');
  }

  it('resumes from the last cursor after a cut, and shows each part once', async () => {
    answers.push(
      stream(
        [
          ['1.0.1', part(1, 'a')],
          ['1.0.2', part(2, 'b')],
        ],
        'cut',
      ),
      stream(
        [
          ['1.0.2', part(2, 'b')],
          ['1.0.3', part(3, 'c')],
          ['2.0.0', status('waiting')],
        ],
        'stay',
      ),
    );
    expect(await followUntilWaiting()).toBe('abc');
    expect(asked.map((url) => url.searchParams.get('cursor'))).toEqual(['', '1.0.2']);
  });

  it('comes back to a server that is full, restarting or drained', async () => {
    answers.push(refuse(503), refuse(429), stream([], 'end'), stream([['2.0.0', status('waiting')]], 'stay'));
    const delays: number[] = [];
    await followUntilWaiting({ onReconnect: (_reason, delayMs) => delays.push(delayMs) });
    expect(delays).toEqual([0.5, 1, 2]);
  });

  it('takes a silent stream for a dead one', async () => {
    answers.push(stream([['1.0.1', part(1, 'a')]], 'stay'), stream([['2.0.0', status('waiting')]], 'stay'));
    expect(await followUntilWaiting({ silenceMs: 20 })).toBe('a');
  });

  it('throws what asking again cannot mend', async () => {
    answers.push(refuse(404));
    await expect(followUntilWaiting()).rejects.toThrow(ApiError);
  });

  it('ends when its signal aborts, also while it waits', async () => {
    answers.push(refuse(503));
    const stop = new AbortController();
    const following = followChat(client, {
      chatId: CHAT,
      signal: stop.signal,
      minDelayMs: 60_000,
      onReconnect: () => stop.abort(),
    });
    expect(await following.next()).toEqual({ done: true, value: undefined });
  });
});
