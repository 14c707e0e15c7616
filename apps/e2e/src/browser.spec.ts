/**
 * A page in a real browser watches an answer grow, by the browser's own EventSource and WebSocket and by the packed client over both, while
 * what it hangs on dies: its connection, its relay, the worker that makes the answer.
 */
import { formatControlBlock } from '@parley/llmmock';
import type { Page } from 'playwright-core';
import { VIEWERS, watchInPage, type SeenInPage, type ViewerName } from './testing/page-viewers';
import { TestBrowser } from './testing/test-browser';
import { startTestCluster, type TestCluster } from './testing/test-cluster';

/** An answer goes on for longer than two processes take to start again and browsers to come back. */
const CHUNKS = 120;
const CHUNK_MS = 150;
const ANSWER = Array.from({ length: CHUNKS }, (_, index) => `word${index} `).join('');
const PROMPT = `Please. ${formatControlBlock({ reply: ANSWER, chunk_count: CHUNKS, chunk_ms: CHUNK_MS })}`;

type Seen = Record<ViewerName, SeenInPage>;

const SEES_EVERY_EVENT: readonly ViewerName[] = ['EventSource', 'WebSocket'];

const summary = (seen: Partial<Seen> = {}): string =>
  JSON.stringify(
    Object.entries(seen).map(([name, { parts, answers, ...rest }]) => ({
      name,
      ...rest,
      parts: parts.map(({ episode, seq }) => `${episode}.${seq}`).join(' '),
      answers: answers.length,
    })),
    null,
    1,
  );

describe('A page in Chromium', () => {
  let system: TestCluster;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    [system, browser] = await Promise.all([
      startTestCluster({ gateways: 2, workers: 2, relays: 2 }),
      TestBrowser.launch(),
    ]);
  }, 400_000);
  afterAll(async () => {
    await browser?.close();
    await system?.stop();
  }, 120_000);

  beforeEach(async () => {
    page = await browser.page(system.cluster.url);
    // From now on the page has nothing but the cookie.
    const status = await page.evaluate(
      `fetch('/api/v2/users/me/session/token-to-cookie', { method: 'POST', headers: { 'Coder-Session-Token': '${system.client.token ?? ''}' } }).then(({ status }) => status)`,
    );
    expect(status).toBe(204);
  });
  afterEach(() => page.context().close());

  async function watchAnswer(): Promise<void> {
    const chat = await system.client.createChat({ organizationId: system.organizationId, content: PROMPT });
    await page.addScriptTag({ type: 'module', content: watchInPage(chat.id) });
    await until((seen) => VIEWERS.every((name) => seen[name].parts.length >= 8));
  }

  const look = (): Promise<Seen> => page.evaluate<Seen>('window.seen');

  async function until(condition: (seen: Seen) => boolean, timeoutMs = 90_000): Promise<Seen> {
    const givesUpAt = performance.now() + timeoutMs;
    for (;;) {
      const seen = await page.evaluate<Seen | undefined>('window.seen');
      if (seen !== undefined && VIEWERS.every((name) => name in seen) && condition(seen)) return seen;
      if (performance.now() > givesUpAt) throw new Error(`Not seen: ${summary(seen)}`);
      await page.waitForTimeout(50);
    }
  }

  const committed = (seen: Seen): boolean =>
    VIEWERS.every((name) => seen[name].answers.length === 1 && seen[name].status === 'waiting');

  /** Each part once and in order; those of the last episode are the answer. */
  function expectWhole(seen: Seen): void {
    for (const name of VIEWERS) {
      const { parts, answers, failure } = seen[name];
      expect({ name, failure, answers }).toEqual({ name, failure: '', answers: [ANSWER] });
      const names = parts.map(({ episode, seq }) => `${episode}.${seq}`);
      expect({ name, twice: names.filter((part, index) => names.indexOf(part) !== index) }).toEqual({
        name,
        twice: [],
      });
      const last = parts.filter(({ episode }) => episode === parts.at(-1)?.episode);
      expect({ name, seqs: last.map(({ seq }) => seq) }).toEqual({
        name,
        seqs: last.map((_, index) => index + 1),
      });
      // One who comes back may read the committed answer before its last parts come over the bus: they are then not shown any more. And the
      // client yields one view for what came at once: the last parts and their commit are then the committed answer alone.
      const text = last.map((part) => part.text).join('');
      const getsEachPart = SEES_EVERY_EVENT.includes(name) && seen[name].connections === 1;
      expect({ name, text }).toEqual({ name, text: getsEachPart ? ANSWER : ANSWER.slice(0, text.length) });
    }
  }

  it('sees every part once and the committed answer, on four ways', async () => {
    await watchAnswer();
    expectWhole(await until(committed));
  }, 120_000);

  it('goes on in the middle of an answer when its connections are cut', async () => {
    await watchAnswer();
    await system.cluster.kill('gateway', 0);
    await system.cluster.restart('gateway', 0);
    await system.cluster.kill('gateway', 1);
    await system.cluster.restart('gateway', 1);
    const seen = await until(committed);
    expectWhole(seen);
    for (const name of VIEWERS) expect(seen[name].connections).toBeGreaterThan(1);
  }, 120_000);

  it('goes on in the middle of an answer when its relays die', async () => {
    await watchAnswer();
    await system.cluster.kill('stream-relay', 0);
    await system.cluster.restart('stream-relay', 0);
    await system.cluster.kill('stream-relay', 1);
    await system.cluster.restart('stream-relay', 1);
    const seen = await until(committed);
    expectWhole(seen);
    for (const name of VIEWERS) expect(seen[name].connections).toBeGreaterThan(1);
  }, 120_000);

  it('sees the answer of another worker in place of the half one when the worker dies', async () => {
    await watchAnswer();
    const owners = system.cluster.urls('chat-worker').length;
    for (let index = 0; index < owners - 1; index += 1) await system.cluster.kill('chat-worker', index);
    await system.cluster.restart('chat-worker', 0);
    await system.cluster.kill('chat-worker', 1);
    const seen = await until(committed);
    expectWhole(seen);
    await system.cluster.restart('chat-worker', 1);
    expect((await look())['client over SSE'].answers).toHaveLength(1);
  }, 90_000);

  it('of another site gets nothing: neither an event source, nor a WebSocket, nor a reply', async () => {
    const chat = await system.client.createChat({ organizationId: system.organizationId, content: 'Hello' });
    const foreign = system.cluster.url.replace('127.0.0.1', 'localhost');
    const path = `127.0.0.1:${new URL(foreign).port}/api/v2/chats/${chat.id}/stream`;
    const stranger = await browser.page(foreign);
    const outcomes = await stranger.evaluate(`Promise.all([
      new Promise((resolve) => {
        const source = new EventSource('http://${path}', { withCredentials: true });
        source.onopen = () => resolve('open');
        source.onerror = () => resolve('refused');
      }),
      new Promise((resolve) => {
        const socket = new WebSocket('ws://${path}');
        socket.onopen = () => resolve('open');
        socket.onclose = () => resolve('refused');
      }),
      fetch('http://${path.replace('/stream', '')}', { credentials: 'include' }).then(() => 'open', () => 'refused'),
    ])`);
    expect(outcomes).toEqual(['refused', 'refused', 'refused']);
    await stranger.context().close();
  }, 30_000);
});
