/**
 * The whole stream path on a bus with bad luck: chats played on Postgres, watched over WebSocket and SSE on three relays, by viewers
 * that now and then lose their connection and come back elsewhere. Time stands still but for what the relays wait for, so that
 * the number of reads is exact. LOSSY_SEED repeats a run.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { readMessages } from '@parley/chat-state';
import { eventually, FakeClock } from '@parley/testing';
import { ChatView } from './testing/chat-view';
import { LossyBus, seededRandom, type Misfortune } from './testing/lossy-bus';
import { RelayFixture, type RunningRelay, type TestWorker } from './testing/relay-fixture';
import { openSse, openWebSocket, type ReceivedEvent, type StreamClient } from './testing/stream-clients';

const RELAYS = 3;
const CHATS = 4;
const TURNS = 6;

interface Replica {
  running: RunningRelay;
  bus: LossyBus;
}

interface Watching {
  chatId: string;
  over: 'SSE' | 'WebSocket';
  replica: number;
  client: StreamClient;
  received: ReceivedEvent[];
}

interface Played {
  chatId: string;
  worker: TestWorker;
}

class Performance {
  readonly replicas: Replica[] = [];
  readonly viewers: Watching[] = [];
  private readonly clock = new FakeClock();
  private readonly chats: Played[] = [];
  private token = '';

  constructor(
    private readonly fixture: RelayFixture,
    private readonly misfortune: Misfortune,
    private readonly random: () => number,
  ) {}

  async play(): Promise<void> {
    this.token = await this.fixture.token();
    for (let index = 0; index < RELAYS; index += 1) await this.openReplica();
    for (let index = 0; index < CHATS; index += 1) await this.openChat();
    for (let round = 0; round < TURNS; round += 1)
      for (const chat of this.chats) await this.takeTurn(chat, round);
    for (const { chatId } of this.chats) await this.settle(chatId);
  }

  reads(): { first: number; catchUp: number; history: number } {
    const metrics = this.replicas.map(({ running }) => running.relay.metrics);
    const sum = (count: (of: (typeof metrics)[number]) => number): number =>
      metrics.reduce((total, each) => total + count(each), 0);
    return {
      first: sum(({ firstReads }) => firstReads),
      catchUp: sum(({ catchUpReads }) => catchUpReads),
      history: sum(({ historyReads }) => historyReads),
    };
  }

  private async openReplica(): Promise<void> {
    const spoilt: LossyBus[] = [];
    const spoil = (bus: RelayFixture['bus']): LossyBus => {
      spoilt.push(new LossyBus(bus, this.misfortune, this.random));
      return spoilt[0] as LossyBus;
    };
    const running = await this.fixture.relay({}, { spoil, clock: this.clock });
    this.replicas.push({ running, bus: spoilt[0] as LossyBus });
  }

  private async openChat(): Promise<void> {
    const chatId = await this.fixture.chat();
    this.chats.push({ chatId, worker: await this.fixture.worker() });
    for (let replica = 0; replica < RELAYS; replica += 1)
      for (const over of ['SSE', 'WebSocket'] as const) {
        const client = await this.connect({ chatId, over, replica }, '');
        await client.until(({ status }) => status === 'running');
        this.viewers.push({ chatId, over, replica, client, received: [] });
      }
  }

  private connect(
    { chatId, over, replica }: Pick<Watching, 'chatId' | 'over' | 'replica'>,
    cursor: string,
  ): Promise<StreamClient> {
    const url = this.replicas[replica]?.running.url ?? '';
    const open = over === 'SSE' ? openSse : openWebSocket;
    return open({ url, token: this.token, chatId, query: `cursor=${cursor}` });
  }

  private async takeTurn({ chatId, worker }: Played, round: number): Promise<void> {
    if (round > 0) await this.fixture.send(chatId, `question ${round}`);
    await worker.take(chatId);
    for (let step = 0; step < 2; step += 1) {
      for (let batch = 0; batch < 6; batch += 1) {
        const count = 1 + Math.floor(this.random() * 3);
        worker.stream(...Array.from({ length: count }, (_, index) => `${round}.${step}.${batch}.${index} `));
        if (this.random() < 0.3) await this.breathe();
        if (this.random() < 0.02) await this.hop(chatId);
      }
      if (step === 0) await worker.step(`step of ${round}`);
    }
    if (this.random() < 0.2) await this.fixture.send(chatId, `queued in ${round}`);
    await worker.finish(`answer ${round}`);
    await this.settle(chatId);
    if (this.feedOf(0, chatId)?.head?.status === 'running') {
      await worker.take(chatId);
      await worker.finish(`queued answer ${round}`);
      await this.settle(chatId);
    }
  }

  /** Nothing is on its way any more but what is lost; then the relays' patience ends. */
  private async breathe(): Promise<void> {
    await this.arrive();
    await this.clock.advance(60);
    await this.arrive();
  }

  private async arrive(): Promise<void> {
    for (let turns = 0; turns < 6; turns += 1) {
      await turn();
      for (const { bus } of this.replicas) bus.flush();
    }
  }

  /** A viewer loses its connection and comes back to another relay with its cursor. */
  private async hop(chatId: string): Promise<void> {
    const viewer = this.viewers.find((candidate) => candidate.chatId === chatId && this.random() < 0.4);
    if (viewer === undefined) return;
    await this.arrive();
    viewer.client.drop();
    await viewer.client.until(({ closed }) => closed !== undefined);
    viewer.received.push(...viewer.client.received);
    viewer.replica = (viewer.replica + 1) % RELAYS;
    viewer.client = await this.connect(viewer, viewer.received.at(-1)?.cursor ?? '');
  }

  private feedOf(replica: number, chatId: string) {
    return this.replicas[replica]?.running.relay.feeds.peek(chatId);
  }

  /** Every relay is where Postgres is. */
  private async settle(chatId: string): Promise<void> {
    const version = await this.fixture.version(chatId);
    for (const [index, { running }] of this.replicas.entries())
      await eventually(async () => {
        await this.arrive();
        const feed = this.feedOf(index, chatId);
        if (feed?.version === version && feed.hole === null) return true;
        await running.relay.feeds.checkVersions();
        await this.breathe();
        return false;
      });
  }
}

describe('A bus that loses, doubles and reorders', () => {
  const seed = Number(process.env['LOSSY_SEED'] ?? Date.now() % 2 ** 31);
  let fixture: RelayFixture;
  beforeAll(async () => {
    fixture = await RelayFixture.create('in-process');
    process.stdout.write(`lossy bus seed ${seed}\n`);
  });
  afterAll(() => fixture.close());

  async function perform(misfortune: Misfortune): Promise<Performance> {
    const performance = new Performance(fixture, misfortune, seededRandom(seed));
    await performance.play();
    for (const { running } of performance.replicas) expect(running.relay.metrics.slowViewersDropped).toBe(0);
    for (const viewer of performance.viewers) await expectTruth(viewer);
    for (const { client } of performance.viewers) client.drop();
    return performance;
  }

  /** Exactly what is committed, nothing twice, no part after its time. */
  async function expectTruth({ chatId, client, received }: Watching): Promise<void> {
    const { database } = fixture.test;
    const { messages } = await readMessages(database, { chatId, afterId: 0, limit: 1_000 });
    const version = await fixture.version(chatId);
    const all = (): ReceivedEvent[] => [...received, ...client.received];
    await eventually(() => Number(all().at(-1)?.cursor?.split('.')[0]) === version);
    const view = new ChatView();
    const parts = new Set<string>();
    for (const { event, cursor = '' } of all()) {
      view.take({ type: event.type, json: JSON.stringify(event), cursor });
      if (event.type !== 'message_part') continue;
      const { history_version, generation_attempt, seq } = event.message_part;
      const name = `${history_version}.${generation_attempt}.${seq}`;
      expect(parts.has(name)).toBe(false);
      parts.add(name);
    }
    expect([...view.messages.values()]).toEqual(messages);
    expect([view.status, view.queue, view.preview]).toEqual(['waiting', [], []]);
  }

  it('costs nobody a word and no read but one a lost change, when 1 % is lost, 1 % doubled and 5 % late', async () => {
    const performance = await perform({ lost: 0.01, doubled: 0.01, late: 0.05 });
    const lost = performance.replicas.reduce((sum, { bus }) => sum + bus.changes.lost, 0);
    const { first, catchUp, history } = performance.reads();
    expect([first, history]).toEqual([RELAYS * CHATS, 0]);
    expect(catchUp).toBeLessThanOrEqual(lost);
    expect(catchUp > 0).toBe(lost > 0);
    const { late } = performance.replicas[0]?.bus.parts ?? { late: 0 };
    expect(late).toBeGreaterThan(0);
  }, 60_000);

  it('reads nothing when nothing is lost, however much is doubled and late', async () => {
    const performance = await perform({ lost: 0, doubled: 0.2, late: 0.2 });
    expect(performance.reads()).toEqual({ first: RELAYS * CHATS, catchUp: 0, history: 0 });
  }, 60_000);

  it('reads more when it loses more, and at most once for each', async () => {
    const performance = await perform({ lost: 0.2, doubled: 0.05, late: 0.05 });
    const lost = performance.replicas.reduce((sum, { bus }) => sum + bus.changes.lost, 0);
    expect(performance.reads().catchUp).toBeGreaterThan(10);
    expect(performance.reads().catchUp).toBeLessThanOrEqual(lost);
  }, 60_000);
});
