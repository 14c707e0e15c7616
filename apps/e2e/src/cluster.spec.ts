/** The promises of a deployment, on real processes: live text across replicas, takeover after a crash, Postgres away. */
import type { Chat } from '@parley/contracts';
import { formatControlBlock, type ControlInput } from '@parley/llmmock';
import { Standstill } from '@parley/testing';
import WebSocket from 'ws';
import type { WebSocketLike } from '@parley/client';
import { startTestCluster, type TestCluster } from './testing/test-cluster';
import { textOf, textOfParts, Watcher } from './testing/watcher';

const openWebSocket = (url: string, headers: Record<string, string>): WebSocketLike =>
  new WebSocket(url, { headers });

const words = (count: number): string =>
  Array.from({ length: count }, (_, index) => `word${index} `).join('');

/** A prompt that the mock answers with this text, in chunks this far apart. */
const prompt = (
  text: string,
  { chunks, chunkMs, ...more }: { chunks: number; chunkMs: number } & ControlInput,
): string =>
  `Please. ${formatControlBlock({ reply: text, chunk_count: chunks, chunk_ms: chunkMs, ...more })}`;

describe('A cluster of two gateways, two workers and two relays', () => {
  let system: TestCluster;
  beforeAll(async () => {
    system = await startTestCluster({ gateways: 2, workers: 2, relays: 2 });
  }, 120_000);
  afterAll(() => system.stop(), 60_000);

  const createChat = (content: string): Promise<Chat> =>
    system.client.createChat({ organizationId: system.organizationId, content });

  const relayClient = (index: number) => system.clientOf(system.cluster.urls('stream-relay')[index] ?? '');

  it('shows on one relay, part by part, what a worker makes, and the whole text once to one who joins in the middle', async () => {
    const answer = words(100);
    const chat = await createChat(prompt(answer, { chunks: 100, chunkMs: 30 }));
    const first = new Watcher(relayClient(0), { chatId: chat.id });
    await first.until(({ parts }) => parts.length >= 5);
    const joiner = new Watcher(relayClient(1), { chatId: chat.id, webSocket: openWebSocket });
    const done = ({ answers, view }: Watcher): boolean => answers.length === 1 && view.status === 'waiting';
    await Promise.all([first.until(done), joiner.until(done)]);
    for (const watcher of [first, joiner]) {
      expect(watcher.parts.map(({ seq }) => seq)).toEqual(watcher.parts.map((_, index) => index + 1));
      expect(textOfParts(watcher.parts)).toBe(answer);
      expect(textOf(watcher.answers[0])).toBe(answer);
    }
    // What comes late comes together.
    expect(first.parts.length).toBeGreaterThan(10);
    await Promise.all([first.stop(), joiner.stop()]);
  }, 60_000);

  it('finishes within 10 s the turn of a worker that was killed, with one message, for a client that never left', async () => {
    const answer = words(20);
    // The first time that each is asked it takes long enough to be killed in the middle.
    const fault = { kind: 'stall', after_chunks: 15, for_ms: 4_000, first_attempts: 1 } as const;
    const chats = await Promise.all(
      Array.from({ length: 4 }, (_, index) =>
        createChat(prompt(answer, { chunks: 20, chunkMs: 50, key: `killed-${index}`, fault })),
      ),
    );
    const watchers = chats.map((chat) => new Watcher(relayClient(0), { chatId: chat.id }));
    await Promise.all(watchers.map((watcher) => watcher.until(({ parts }) => parts.length > 0)));
    const killedAt = performance.now();
    const standstill = new Standstill();
    await system.cluster.kill('chat-worker', 0);
    await Promise.all(
      watchers.map((watcher) =>
        watcher.until(({ answers, view }) => answers.length > 0 && view.status === 'waiting'),
      ),
    );
    standstill.stop();
    expect(performance.now() - killedAt - standstill.totalMs).toBeLessThan(10_000);
    for (const [index, watcher] of watchers.entries()) {
      expect(watcher.answers.map(textOf)).toEqual([answer]);
      expect(watcher.view.previewText === '' || watcher.view.previewText === answer).toBe(true);
      const history = await system.client.readHistory(chats[index]?.id ?? '');
      expect(history.map(({ role }) => role)).toEqual(['user', 'assistant']);
    }
    await Promise.all(watchers.map((watcher) => watcher.stop()));
    await system.cluster.restart('chat-worker', 0);
  }, 60_000);

  it('loses no message and leaves no chat stuck when Postgres restarts under load', async () => {
    const chats = await Promise.all(
      Array.from({ length: 10 }, () => createChat(prompt('first', { chunks: 5, chunkMs: 20 }))),
    );
    const accepted = new Map(chats.map((chat) => [chat.id, 1]));
    let isOver = false;
    const load = chats.map(async (chat) => {
      for (let turn = 0; !isOver || turn < 3; turn += 1) {
        const status = await trySend(chat.id, `turn ${turn} ${prompt('next', { chunks: 3, chunkMs: 5 })}`);
        if (status === 'accepted') accepted.set(chat.id, (accepted.get(chat.id) ?? 0) + 1);
      }
    });
    await system.servers.postgres?.restart();
    isOver = true;
    await Promise.all(load);
    for (const chat of chats) {
      const watcher = new Watcher(system.client, { chatId: chat.id });
      await watcher.until(({ view }) => view.status === 'waiting', 30_000);
      await watcher.stop();
      const history = await system.client.readHistory(chat.id);
      const sent = history.filter(({ role }) => role === 'user').length;
      // A send whose answer got lost may have been stored all the same; none that was accepted is missing.
      expect(sent).toBeGreaterThanOrEqual(accepted.get(chat.id) ?? 0);
      expect(history.at(-1)?.role).toBe('assistant');
    }
  }, 120_000);

  /** `refused`: a clean error, such as 503 or 429 while the queue is full. */
  async function trySend(chatId: string, content: string): Promise<'accepted' | 'refused'> {
    const response = await fetch(`${system.cluster.url}/api/v2/chats/${chatId}/messages`, {
      method: 'POST',
      headers: { 'Coder-Session-Token': system.client.token ?? '', 'Content-Type': 'application/json' },
      body: JSON.stringify({ content: [{ type: 'text', text: content }] }),
    });
    await response.body?.cancel();
    expect([200, 429, 503]).toContain(response.status);
    return response.ok ? 'accepted' : 'refused';
  }
});
