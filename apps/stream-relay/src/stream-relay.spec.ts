import { get, type IncomingHttpHeaders } from 'node:http';
import { RelayFixture, type BusKind, type RunningRelay, type TestWorker } from './testing/relay-fixture';
import {
  openSse,
  openWebSocket,
  RefusedStream,
  type Connection,
  type StreamClient,
} from './testing/stream-clients';

/** What a server answers to an upgrade that it refuses. */
function upgradeBy(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { headers }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    }).on('error', reject);
  });
}

const statusOf = async (opening: Promise<unknown>): Promise<number> =>
  opening.then(
    () => 0,
    (error: unknown) => (error instanceof RefusedStream ? error.status : -1),
  );

describe.each<BusKind>(['in-process', 'NATS'])('Streams of a chat over the %s bus', (kind) => {
  let fixture: RelayFixture;
  let one: RunningRelay;
  let two: RunningRelay;
  let worker: TestWorker;
  let token: string;

  beforeAll(async () => {
    fixture = await RelayFixture.create(kind);
    one = await fixture.relay();
    two = await fixture.relay();
    worker = await fixture.worker();
    token = await fixture.token();
  });
  afterAll(() => fixture.close());

  const on = (relay: RunningRelay, chatId: string, more: Partial<Connection> = {}): Connection => ({
    url: relay.url,
    token,
    chatId,
    ...more,
  });

  it('a WebSocket on one replica and SSE on another see an answer grow and become the committed message', async () => {
    const chatId = await fixture.chat();
    const clients = await Promise.all([openWebSocket(on(one, chatId)), openSse(on(two, chatId))]);
    for (const client of clients) await client.until(({ status }) => status === 'running');
    await worker.take(chatId);
    worker.stream('Good');
    worker.stream(' morning', '!');
    for (const client of clients) await client.until(({ previewText }) => previewText === 'Good morning!');
    await worker.finish('Good morning!');
    for (const client of clients) {
      await client.until(({ status }) => status === 'waiting');
      expect(client.messages).toEqual(['hello', 'Good morning!']);
      expect(client.parts.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      await client.until(({ types }) => types.at(-1) === 'preview_reset');
      // The stored message replaces the partial one before the client hears that the chat rests.
      expect(client.types.slice(-3)).toEqual(['message', 'status', 'preview_reset']);
      client.drop();
    }
  });

  it('one who joins in the middle gets the messages, the state, and the parts from the first one, once', async () => {
    const chatId = await fixture.chat();
    const early = await openWebSocket(on(one, chatId));
    await early.until(({ status }) => status === 'running');
    await worker.take(chatId);
    worker.stream('a', 'b', 'c');
    await early.until(({ previewText }) => previewText === 'abc');
    const warm = await openSse(on(one, chatId));
    const cold = await openWebSocket(on(two, chatId));
    for (const client of [warm, cold]) await client.until(({ previewText }) => previewText === 'abc');
    worker.stream('d');
    for (const client of [early, warm, cold]) {
      await client.until(({ previewText }) => previewText === 'abcd');
      expect(client.parts.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
      expect(client.messages).toEqual(['hello']);
    }
    expect(warm.types).toEqual([
      ...['message', 'queue_update', 'status', 'preview_reset'],
      ...Array.from({ length: 4 }, () => 'message_part'),
    ]);
    await worker.finish('abcd');
  });

  it('a cold attach costs one statement of Postgres, a warm one and a whole turn none', async () => {
    const chatId = await fixture.chat();
    const { metrics } = one.relay;
    const reads = (): number => metrics.firstReads + metrics.catchUpReads + metrics.historyReads;
    const feedStatements = (): number =>
      [...fixture.test.database.statementCounts()]
        .filter(([name]) => name.startsWith('read_') && name !== 'read_versions')
        .reduce((sum, [, count]) => sum + count, 0);
    const [readsBefore, statementsBefore] = [reads(), feedStatements()];
    const first = await openWebSocket(on(one, chatId));
    await first.until(({ status }) => status === 'running');
    expect([reads() - readsBefore, feedStatements() - statementsBefore]).toEqual([1, 1]);
    await worker.take(chatId);
    worker.stream('x');
    await worker.finish('x');
    await first.until(({ status }) => status === 'waiting');
    const second = await openSse(on(one, chatId));
    await second.until(({ messages }) => messages.length === 2);
    first.drop();
    const third = await openWebSocket(on(one, chatId));
    await third.until(({ messages }) => messages.length === 2);
    expect([reads() - readsBefore, feedStatements() - statementsBefore]).toEqual([1, 1]);
  });

  it.each(['WebSocket', 'SSE'])(
    '%s resumes in the middle of the parts, on the other replica too',
    async (transport) => {
      const chatId = await fixture.chat();
      const open = (relay: RunningRelay, cursor: string) =>
        transport === 'SSE'
          ? openSse(on(relay, chatId, cursor === '' ? {} : { headers: { 'Last-Event-ID': cursor } }))
          : openWebSocket(on(relay, chatId, { query: `cursor=${cursor}` }));
      const first = await open(one, '');
      await first.until(({ status }) => status === 'running');
      await worker.take(chatId);
      worker.stream('a', 'b');
      await first.until(({ previewText }) => previewText === 'ab');
      first.drop();
      worker.stream('c');
      for (const relay of [one, two]) {
        const again = await open(relay, first.lastCursor);
        await again.until(({ parts }) => parts.length === 1);
        expect(again.parts).toEqual([{ seq: 3, text: 'c' }]);
        expect(again.messages).toEqual([]);
        expect(again.types).not.toContain('preview_reset');
        again.drop();
      }
      const watchers = await Promise.all([one, two].map((relay) => openSse(on(relay, chatId))));
      await worker.finish('abc');
      for (const watcher of watchers) {
        await watcher.until(({ status }) => status === 'waiting');
        watcher.drop();
      }
      const currents: StreamClient[] = [];
      for (const relay of [one, two]) {
        const late = await open(relay, first.lastCursor);
        await late.until(({ types }) => types.at(-1) === 'preview_reset');
        expect(late.messages).toEqual(['abc']);
        expect(late.parts).toEqual([]);
        late.drop();
        const current = await open(relay, late.lastCursor);
        currents.push(current);
      }
      await fixture.send(chatId, 'next');
      for (const current of currents) {
        await current.until(({ messages }) => messages.length === 1);
        // It lacked nothing, so it got nothing before the news.
        expect(current.messages).toEqual(['next']);
        expect(current.types[0]).toBe('message');
        current.drop();
      }
    },
  );

  it('only messages after after_id come, and a long history comes in pages, each message once', async () => {
    const chatId = await fixture.chat('message 0');
    await worker.take(chatId);
    for (let index = 1; index < 700; index += 1) await worker.step(`message ${index}`);
    await worker.finish('message 700');
    const all = await openWebSocket(on(two, chatId));
    await all.until(({ status }) => status === 'waiting');
    expect(all.messages).toEqual(Array.from({ length: 701 }, (_, index) => `message ${index}`));
    expect(Math.max(...all.frameSizes)).toBeLessThanOrEqual(256);
    const ids = all.events.flatMap((event) => (event.type === 'message' ? [event.message.id] : []));
    const some = await openSse(on(two, chatId, { query: `after_id=${ids[100]}` }));
    await some.until(({ status }) => status === 'waiting');
    expect(some.messages).toEqual(all.messages.slice(101));
    const last = await openSse(on(two, chatId, { query: `after_id=${ids.at(-1)}` }));
    await last.until(({ status }) => status === 'waiting');
    expect(last.messages).toEqual([]);
  });

  it('answers bad requests by a plain HTTP error before the upgrade, naming the field', async () => {
    const chatId = await fixture.chat();
    const refusal = async (more: Partial<Connection>): Promise<unknown> => {
      const connection = on(one, more.chatId ?? chatId, more);
      const over = await Promise.all(
        [openWebSocket(connection), openSse(connection)].map((opening) =>
          opening.then(
            () => 'opened',
            (error: RefusedStream) => ({ status: error.status, ...(JSON.parse(error.body) as object) }),
          ),
        ),
      );
      expect(over[0]).toEqual(over[1]);
      return over[0];
    };
    const invalid = (field: string) => ({ status: 400, validations: [expect.objectContaining({ field })] });
    expect(await refusal({ chatId: 'not-a-uuid' })).toMatchObject(invalid('chat'));
    expect(await refusal({ query: 'after_id=-1' })).toMatchObject(invalid('after_id'));
    expect(await refusal({ query: 'after_id=1&after_id=2' })).toMatchObject(invalid('after_id'));
    expect(await refusal({ query: 'cursor=7.x' })).toMatchObject(invalid('cursor'));
    expect(await refusal({ headers: { 'Last-Event-ID': 'seven' } })).toMatchObject(invalid('last_event_id'));
    expect(await refusal({ token: 'nonsense' })).toMatchObject({ status: 401 });
    expect(await refusal({ chatId: '00000000-0000-4000-8000-000000000000' })).toMatchObject({ status: 404 });
    const stranger = await fixture.token(await fixture.stranger());
    expect(await refusal({ token: stranger })).toMatchObject({ status: 404 });
    expect(await statusOf(openSse(on(one, chatId, { headers: { Accept: 'application/json' } })))).toBe(406);
    const posted = await fetch(`${one.url}/api/v2/chats/${chatId}/stream`, { method: 'POST' });
    expect([posted.status, posted.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await fetch(`${one.url}/api/v2/chats/${chatId}/elsewhere`)).status).toBe(404);
  });

  it('answers a malformed WebSocket handshake like every other error', async () => {
    const chatId = await fixture.chat();
    const { feeds, metrics } = one.relay;
    const before = [feeds.count, metrics.viewers];
    for (const headers of [{ 'Sec-WebSocket-Version': '7' }, { 'Sec-WebSocket-Key': 'short' }]) {
      const response = await upgradeBy(`${one.url}/api/v2/chats/${chatId}/stream`, {
        'Coder-Session-Token': token,
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Version': '13',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        ...headers,
      });
      expect([response.status, response.headers['sec-websocket-version']]).toEqual([400, '13']);
      expect(response.headers['content-type']).toMatch(/^application\/json/);
      expect(response.body).toMatch(/^\{"message":"Not a WebSocket handshake: .*Sec-WebSocket-.*"\}$/);
    }
    expect([feeds.count - 1, metrics.viewers]).toEqual(before);
  });

  it('takes the token from a bearer header and from a cookie, but no WebSocket of another site with the cookie', async () => {
    const chatId = await fixture.chat();
    const bearer = { 'Coder-Session-Token': '', Authorization: `Bearer ${token}` };
    (await openWebSocket(on(one, chatId, { headers: bearer }))).drop();
    const cookie = { 'Coder-Session-Token': '', Cookie: `a=b; coder_session_token=${token}` };
    (await openSse(on(one, chatId, { headers: cookie }))).drop();
    (await openWebSocket(on(one, chatId, { headers: { ...cookie, Origin: one.url } }))).drop();
    const foreign = { ...cookie, Origin: 'https://evil.test' };
    expect(await statusOf(openWebSocket(on(one, chatId, { headers: foreign })))).toBe(403);
  });

  it('serves both API prefixes, and SSE that no proxy holds back', async () => {
    const chatId = await fixture.chat();
    const response = await fetch(`${one.url}/api/experimental/chats/${chatId}/stream`, {
      headers: { 'Coder-Session-Token': token },
    });
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(response.headers.get('content-encoding')).toBeNull();
    await response.body?.cancel();
  });

  it('stopping, it sends everybody elsewhere with a hint when to come back', async () => {
    const chatId = await fixture.chat();
    const leaving = await fixture.relay();
    const webSocket = await openWebSocket(on(leaving, chatId));
    const sse = await openSse(on(leaving, chatId));
    for (const client of [webSocket, sse]) await client.until(({ status }) => status === 'running');
    await leaving.relay.stop();
    await webSocket.until(({ closed }) => closed !== undefined);
    await sse.until(({ closed }) => closed !== undefined);
    expect(webSocket.closed?.code).toBe(1012);
    expect(webSocket.closed?.reason).toMatch(/; retry_ms=\d+$/);
    expect(sse.comments.at(-1)).toMatch(/restarts/);
    expect(sse.retryMs).toBeGreaterThanOrEqual(500);
    const refused = await fetch(`${leaving.url}/api/v2/chats/${chatId}/stream`);
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect([leaving.relay.feeds.count, leaving.relay.metrics.viewers]).toEqual([0, 0]);
  });

  it('takes no more streams than it may, and takes one again when one has gone', async () => {
    const chatId = await fixture.chat();
    const small = await fixture.relay({ maxStreams: 2 });
    const first = await openWebSocket(on(small, chatId));
    const second = await openSse(on(small, chatId));
    const refusal = await openSse(on(small, chatId)).catch((error: RefusedStream) => error);
    expect(refusal).toMatchObject({ status: 503 });
    second.drop();
    await second.until(() => small.relay.metrics.viewers === 1);
    (await openSse(on(small, chatId))).drop();
    first.drop();
  });

  it('a revoked token ends its streams, and only those', async () => {
    const chatId = await fixture.chat();
    const issued = await fixture.identity.createToken({ userId: fixture.ownerId });
    const leaving = await openWebSocket(on(one, chatId, { token: issued.token }));
    const staying = await openWebSocket(on(one, chatId));
    await fixture.identity.revoke({ id: issued.id, userId: fixture.ownerId });
    one.relay.credentialsChanged(issued.id);
    await leaving.until(({ closed }) => closed?.code === 1008);
    one.relay.credentialsChanged();
    await worker.take(chatId);
    await worker.finish('still here');
    await staying.until(({ status }) => status === 'waiting');
    expect(staying.closed).toBeUndefined();
    staying.drop();
  });
});
