/** Against a small server of the test, whose streams end where the test says. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ChatMessage, StreamEvent } from '@parley/contracts';
import { eventually } from '@parley/testing';
import { WebSocketServer, WebSocket } from 'ws';
import type { ChatView } from './chat-view';
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

const message = (id: number, role: ChatMessage['role'], text: string): StreamEvent => ({
  type: 'message',
  chat_id: CHAT,
  message: {
    id,
    chat_id: CHAT,
    created_at: '2026-01-01T00:00:00.000Z',
    role,
    content: [{ type: 'text', text }],
  },
});

const previewReset: StreamEvent = { type: 'preview_reset', chat_id: CHAT };

const status = (value: 'running' | 'waiting'): StreamEvent => ({
  type: 'status',
  chat_id: CHAT,
  status: { status: value },
});

const textOf = (content: ChatMessage['content']): string =>
  content.map((one) => (one.type === 'text' ? one.text : '')).join('');

describe('followChat', () => {
  let server: Server;
  let client: ParleyClient;
  let answers: ((response: ServerResponse) => unknown)[];
  let asked: URL[];
  /** Events that the client was told of. */
  let told: number;

  beforeEach(async () => {
    answers = [];
    asked = [];
    told = 0;
    server = createServer((request: IncomingMessage, response) => {
      asked.push(new URL(request.url ?? '', 'http://localhost'));
      answers.shift()?.(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    client = new ParleyClient({ baseUrl: `http://127.0.0.1:${port}` });
  });
  afterEach(async () => {
    jest.useRealTimers();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Of the client and this file; sockets and `eventually` go on by themselves. */
  function moveTimersByHand(): void {
    jest.useFakeTimers({ doNotFake: ['Date', 'nextTick', 'performance', 'queueMicrotask', 'setImmediate'] });
  }

  /** Lets the waits before a return be over. */
  async function passDelays(check: () => boolean): Promise<void> {
    await eventually(() => {
      if (check()) return true;
      jest.advanceTimersByTime(1);
      return false;
    });
  }

  const stream =
    (events: readonly [string, StreamEvent][], end: 'end' | 'cut' | 'stay') => (response: ServerResponse) => {
      if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const text = events.map(([id, event]) => `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`).join('');
      response.write(text, () => {
        if (end === 'end') response.end();
        if (end === 'cut') response.destroy();
      });
    };

  /** Each page is sent when `allShown` has the one before. */
  const pages =
    (...all: (readonly [string, StreamEvent][])[]) =>
    async (response: ServerResponse): Promise<void> => {
      let mustKnow = told;
      for (const page of all) {
        await eventually(() => told >= mustKnow);
        stream(page, 'stay')(response);
        mustKnow += page.length;
      }
    };

  const refuse = (code: number) => (response: ServerResponse) => {
    response.writeHead(code, { 'Content-Type': 'application/json' }).end('{"message":"no"}');
  };

  const shown = (view: ChatView): string =>
    [view.status, ...view.messages.map(({ content }) => textOf(content)), `(${view.previewText})`].join(' ');

  /** What is shown until the chat waits. */
  async function allShown(options: Partial<FollowOptions> = {}): Promise<string[]> {
    const views: string[] = [];
    const follow: FollowOptions = {
      chatId: CHAT,
      minDelayMs: 1,
      random: () => 0,
      onEvent: () => (told += 1),
      ...options,
    };
    for await (const view of followChat(client, follow)) {
      views.push(shown(view));
      if (view.status === 'waiting') break;
    }
    return views;
  }

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

  const begun: [string, StreamEvent][] = [
    ['0.0.0.1.5', message(1, 'user', 'hello')],
    ['0.0.0.1.5', status('running')],
    ['5.0.0.1', previewReset],
    ['5.0.1.1', part(1, 'an ')],
    ['5.0.2.1', part(2, 'answer')],
  ];

  it('shows nothing between the pages of what it lacks when it comes back: text would be there twice', async () => {
    answers.push(
      stream(begun, 'cut'),
      pages(
        [
          ['5.0.2.2', message(2, 'assistant', 'an answer')],
          ['5.0.2.3', message(3, 'user', 'more')],
        ],
        [['5.0.2.4', message(4, 'assistant', 'another')]],
        [
          ['5.0.2.5', message(5, 'user', 'thanks')],
          ['5.0.2.5', status('waiting')],
          ['9.0.0.5', previewReset],
        ],
      ),
    );
    expect(await allShown()).toEqual([
      'running hello (an answer)',
      'waiting hello an answer more another thanks ()',
    ]);
    expect(asked[1]?.searchParams.get('cursor')).toBe('5.0.2.1');
  });

  it('shows nothing between two halves of a step, wherever the network cuts it', async () => {
    const end: [string, StreamEvent][] = [
      ['5.0.2.2', message(2, 'assistant', 'an answer')],
      ['5.0.2.2', status('waiting')],
      ['6.0.0.2', previewReset],
    ];
    for (const cut of [1, 2]) {
      answers.push(pages(begun, end.slice(0, cut), end.slice(cut)));
      expect(await allShown()).toEqual(['running hello (an answer)', 'waiting hello an answer ()']);
    }
    // A version without an event of its own passed by.
    const later: [string, StreamEvent][] = end.map(([, event], index) => [
      index < 2 ? '7.0.2.2' : '8.0.0.2',
      event,
    ]);
    answers.push(pages(begun, later.slice(0, 1), later.slice(1)));
    expect(await allShown()).toEqual(['running hello (an answer)', 'waiting hello an answer ()']);
  });

  it('shows every part of an answer too long to resume, whose cursor stands still', async () => {
    const unresumable = '5.0.999999999.1';
    answers.push(
      pages(
        begun,
        [[unresumable, part(3, ' that')]],
        [[unresumable, part(4, ' goes on')]],
        [
          ['5.0.999999999.2', message(2, 'assistant', 'done')],
          ['5.0.999999999.2', status('waiting')],
          ['6.0.0.2', previewReset],
        ],
      ),
    );
    expect(await allShown()).toEqual([
      'running hello (an answer)',
      'running hello (an answer that)',
      'running hello (an answer that goes on)',
      'waiting hello done ()',
    ]);
  });

  it('tells of each event before the view has it', async () => {
    answers.push(stream([...begun, ['6.0.0.1', status('waiting')]], 'stay'));
    const seen: string[] = [];
    await allShown({ onEvent: (event, before) => seen.push(`${event.type} after ${before.previewText}`) });
    expect(seen.slice(2)).toEqual([
      'preview_reset after ',
      'message_part after ',
      'message_part after an ',
      'status after an answer',
    ]);
  });

  it('comes back to a server that is full, restarting or drained', async () => {
    answers.push(refuse(503), refuse(429), stream([], 'end'), stream([['2.0.0', status('waiting')]], 'stay'));
    const delays: number[] = [];
    await followUntilWaiting({ onReconnect: (_reason, delayMs) => delays.push(delayMs) });
    expect(delays).toEqual([0.5, 1, 2]);
  });

  it('comes back when the server said at the start, though the connection was cut without a word', async () => {
    answers.push(
      (response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write('retry: 30\n\n: more\n\n', () => setTimeout(() => response.destroy(), 20));
      },
      stream([['2.0.0', status('waiting')]], 'stay'),
    );
    const delays: number[] = [];
    await followUntilWaiting({ onReconnect: (_reason, delayMs) => delays.push(delayMs) });
    expect(delays).toEqual([30]);
  });

  describe('over a WebSocket', () => {
    let webSockets: WebSocketServer;
    let greetings: ((socket: WebSocket) => void)[];
    const webSocket = (url: string): WebSocket => new WebSocket(url);
    const running = JSON.stringify([{ ...status('running'), cursor: '1.0.0.0' }]);
    const waiting = JSON.stringify([{ ...status('waiting'), cursor: '2.0.0.0' }]);

    beforeEach(() => {
      greetings = [];
      webSockets = new WebSocketServer({ server });
      webSockets.on('connection', (socket) => greetings.shift()?.(socket));
    });
    afterEach(() => {
      for (const socket of webSockets.clients) socket.terminate();
      webSockets.close();
    });

    it('takes a stream on which not even an empty frame comes for a dead one', async () => {
      const sockets: WebSocket[] = [];
      greetings.push(
        (socket) => {
          sockets.push(socket);
          socket.send(running);
        },
        (socket) => socket.send(waiting),
      );
      let frames = 0;
      const counting = (url: string): WebSocket => webSocket(url).on('message', () => (frames += 1));
      moveTimersByHand();
      const views = allShown({ webSocket: counting, silenceMs: 100, cutSpreadMs: 0 });
      await eventually(() => frames === 1);
      // Three signs of life within more time than silence may take, then none.
      for (const frame of [2, 3, 4]) {
        jest.advanceTimersByTime(60);
        sockets[0]?.send('[]');
        await eventually(() => frames === frame);
      }
      jest.advanceTimersByTime(99);
      expect(greetings).toHaveLength(1);
      jest.advanceTimersByTime(1);
      await passDelays(() => greetings.length === 0);
      expect(await views).toEqual(['running ()', 'waiting ()']);
    });

    it('spreads the first return after a cut without a hint, and keeps to a hint', async () => {
      greetings.push(
        (socket) => setTimeout(() => socket.terminate(), 10),
        (socket) => socket.close(1012, 'restarts; retry_ms=7'),
        (socket) => socket.send(waiting),
      );
      // Asked for the reason after a second failure in a row.
      answers.push((response) => response.end('{}'));
      const delays: number[] = [];
      await allShown({
        webSocket,
        random: () => 0.5,
        cutSpreadMs: 20,
        onReconnect: (_reason, delayMs) => delays.push(delayMs),
      });
      expect(delays).toEqual([10, 7]);
    });
  });

  it('takes a silent stream for a dead one', async () => {
    answers.push(stream([['1.0.1', part(1, 'a')]], 'stay'), stream([['2.0.0', status('waiting')]], 'stay'));
    moveTimersByHand();
    const preview = followUntilWaiting({ silenceMs: 20, onEvent: () => (told += 1) });
    await eventually(() => told === 1);
    jest.advanceTimersByTime(19);
    expect(asked).toHaveLength(1);
    jest.advanceTimersByTime(1);
    await passDelays(() => asked.length === 2);
    expect(await preview).toBe('a');
  });

  it('takes a server that never answers for a dead one', async () => {
    answers.push(() => undefined, stream([['2.0.0', status('waiting')]], 'stay'));
    moveTimersByHand();
    const preview = followUntilWaiting({ silenceMs: 20 });
    await eventually(() => asked.length === 1);
    jest.advanceTimersByTime(20);
    await passDelays(() => asked.length === 2);
    expect(await preview).toBe('');
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
