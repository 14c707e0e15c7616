import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { eventually } from '@parley/testing';
import { HttpClient } from './http-client';
import { ServerErrors } from './server-errors';
import { Viewer, type ViewerOptions } from './viewer';

const CHAT = '00000000-0000-4000-8000-000000000001';
const STATUS = { type: 'status', chat_id: CHAT, status: { status: 'waiting' } };
const PARTING = 'retry: 1\n: this server restarts\n\n';

/** Answers each stream in its turn; the last answer again and again. */
type Answer = (response: ServerResponse, request: IncomingMessage) => void;

describe('a viewer', () => {
  let server: Server;
  let client: HttpClient;
  let viewer: Viewer;
  const errors = new ServerErrors();

  async function watch(answers: readonly Answer[], options: Partial<ViewerOptions> = {}): Promise<void> {
    let asked = 0;
    server = createServer((request, response) => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      answer?.(response, request);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    errors.take();
    client = new HttpClient([`http://127.0.0.1:${port}`], { maxSockets: 4, serverErrors: errors });
    viewer = new Viewer({ client, token: 'x', chatId: CHAT, name: 'viewer 1', ...options });
    viewer.open();
  }

  afterEach(async () => {
    viewer.close();
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const begin = (response: ServerResponse, ...data: string[]): ServerResponse => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write('retry: 1\n\n');
    for (const [index, each] of data.entries()) response.write(`id: 1.0.${index}\ndata: ${each}\n\n`);
    return response;
  };
  const stay: Answer = (response) => void begin(response, JSON.stringify(STATUS));
  const broken = (): string[] => errors.take().breaks.map(({ kind, why }) => `${kind} ${why}`);

  it('names what is no event, and reads on', async () => {
    await watch([(response) => void begin(response, '{"type":', 'null', JSON.stringify(STATUS))]);
    await eventually(() => expect(viewer.fold.status).toBe('waiting'));
    expect(viewer.fold.findings.map(({ kind }) => kind)).toEqual(['stream_malformed', 'stream_malformed']);
    expect(viewer.isAttached).toBe(true);
  });

  it('that loses its stream without a word notes it, comes back where it was, and is not excused', async () => {
    const cursors: unknown[] = [];
    await watch([
      (response) => void begin(response, JSON.stringify(STATUS)).end(),
      (response) => setImmediate(() => response.destroy()),
      (response, { headers }) => {
        cursors.push(headers['last-event-id']);
        stay(response, {} as IncomingMessage);
      },
    ]);
    await viewer.untilAttached();
    const firstAtMs = viewer.fold.attachedAtMs;
    await eventually(() => expect(cursors).toEqual(['1.0.0']));
    expect(viewer.fold.attachedAtMs).toBe(firstAtMs);
    expect(broken()).toEqual([
      'stream_broken viewer 1: it was ended without a word',
      expect.stringMatching(/^stream_broken viewer 1: (read ECONNRESET|the connection ended)$/),
    ]);
  });

  it('that is invited back is excused, and notes only that it happens too often', async () => {
    const part: Answer = (response) => void begin(response, JSON.stringify(STATUS)).end(PARTING);
    await watch([part, part, part, stay]);
    await viewer.untilAttached();
    const firstAtMs = viewer.fold.attachedAtMs;
    await eventually(() => expect(viewer.events).toBe(4));
    expect(viewer.fold.attachedAtMs).toBeGreaterThan(firstAtMs);
    expect(broken()).toEqual([]);
    viewer.close();
    client.close();
    server.close();
    await watch([part]);
    await eventually(() => expect(broken()).toEqual(['stream_broken viewer 1 was sent away 4 times']));
  });

  it('that is cut by the harness has lost nothing by the platform', async () => {
    await watch([stay]);
    await eventually(() => expect(viewer.events).toBe(1));
    const firstAtMs = viewer.fold.attachedAtMs;
    viewer.cut();
    await eventually(() => expect(viewer.events).toBe(2));
    expect(viewer.fold.attachedAtMs).toBeGreaterThan(firstAtMs);
    expect(viewer.reconnects).toBe(1);
    expect(broken()).toEqual([]);
  });

  it('that is not let in says why', async () => {
    await watch([(response) => void response.writeHead(403).end('no')]);
    await eventually(() => expect(viewer.reconnects).toBeGreaterThan(1));
    expect(viewer.isAttached).toBe(false);
    expect(viewer.lastFailure).toBe('answered 403');
  });
});
