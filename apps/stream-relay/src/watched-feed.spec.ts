import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { eventually, FakeClock } from '@parley/testing';
import type { Start } from './attach';
import type { FeedListener, FeedSource } from './feed-source';
import { RelayMetrics } from './relay-metrics';
import { ChatView, ViewStream } from './testing/chat-view';
import { ModelChat, type Published } from './testing/model-chat';
import { WatchedFeed } from './watched-feed';

const chatId = '00000000-0000-4000-8000-000000000001';
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
const limits = { maxMessages: 4, maxMessageBytes: 2_000, maxPartBytes: 200, maxEarlyChanges: 3 };
const timing = { reorderMs: 50, confirmMs: 1_000, maxPauseMs: 400 };

type Fate = 'arrives' | 'is lost' | 'is doubled' | 'is late';

/** One replica: its own feed, and its own luck with the bus. */
class Replica {
  readonly metrics = new RelayMetrics();
  readonly watched: WatchedFeed;
  private listener: FeedListener | undefined;
  private late: Published[] = [];

  constructor(
    private readonly chat: ModelChat,
    clock: FakeClock,
    workerAnswers: () => boolean,
    { confirms }: { confirms: boolean } = { confirms: true },
  ) {
    const source: FeedSource = {
      subscribe: async (_chatId, listener) => {
        if (!confirms) await new Promise<never>(() => undefined);
        await turn();
        this.listener = listener;
        return { unsubscribe: () => (this.listener = undefined), drain: () => Promise.resolve() };
      },
      // The statement's snapshot is taken somewhere between the question and the answer.
      readSnapshot: async ({ afterRevision }) => {
        await turn();
        const snapshot = chat.snapshot(afterRevision, 5);
        await turn();
        return snapshot;
      },
      isHistoryBroken: async ({ version }) => {
        await turn();
        return chat.isBrokenSince(version);
      },
      readMessages: async ({ afterId, throughId, limit }) => {
        await turn();
        const page = chat.visible.filter(({ id }) => id > afterId && id <= throughId).slice(0, limit);
        await turn();
        return page;
      },
      readVersions: async () => new Map([[chatId, chat.head.version]]),
      askEpisode: async (question) => {
        await turn();
        return workerAnswers() ? chat.episode(question.afterSeq, question) : null;
      },
    };
    this.watched = new WatchedFeed({ chatId, source, clock, logger, metrics: this.metrics, limits, timing });
  }

  deliver(published: Published, fate: Fate): void {
    if (fate === 'is late') this.late.push(published);
    if (fate === 'arrives' || fate === 'is doubled') this.hand(published);
    if (fate === 'is doubled') this.hand(published);
  }

  deliverLate(): void {
    for (const published of this.late.splice(0)) this.hand(published);
  }

  async settle(clock: FakeClock): Promise<void> {
    this.deliverLate();
    this.watched.noteVersion(this.chat.head.version);
    for (let round = 0; round < 40 && !this.isSettled(); round += 1) {
      await clock.advance(400);
      for (let turns = 0; turns < 8; turns += 1) await turn();
    }
  }

  private isSettled(): boolean {
    const { feed } = this.watched;
    return feed.lack() === 'nothing' && feed.hole === null;
  }

  private hand(published: Published): void {
    if (published.kind === 'change') this.listener?.onChange(published.change);
    else this.listener?.onParts(published.parts);
  }
}

const fate = fc.constantFrom<Fate>('arrives', 'arrives', 'arrives', 'is lost', 'is doubled', 'is late');
const fates = fc.tuple(fate, fate);
const replicaIndex = fc.nat({ max: 1 });

const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('send', 'acquire', 'release', 'step', 'finish', 'fail', 'retry', 'edit'),
      fates,
    }),
  },
  {
    weight: 14,
    arbitrary: fc.record({ do: fc.constant('stream'), count: fc.integer({ min: 1, max: 4 }), fates }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(0, 0, 30, 60, 400) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('late'), replica: replicaIndex }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('join'), replica: replicaIndex, holds: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('break'), after: fc.nat({ max: 6 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('resume'), replica: replicaIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('worker mute', 'worker speaks') }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Trial {
  readonly clock = new FakeClock();
  readonly chat = new ModelChat(chatId);
  readonly streams: ViewStream[] = [];
  private workerAnswers = true;
  readonly replicas = [0, 1].map(() => new Replica(this.chat, this.clock, () => this.workerAnswers));
  private count = 0;
  private told = 0;

  async run(steps: readonly Step[]): Promise<void> {
    for (let i = 0; i < 3; i += 1) {
      this.chat.send(`before ${i}`);
      this.chat.finish(`answer ${i}`);
    }
    this.told = this.chat.published.length;
    await Promise.all(this.replicas.map(({ watched }) => watched.start()));
    for (const replica of this.replicas) this.enter(replica, new ChatView(), false);
    for (const next of steps) await this.take(next);
    this.workerAnswers = true;
    for (const replica of this.replicas) await replica.settle(this.clock);
    for (const stream of [...this.streams]) {
      if (stream.isClosed) this.enter(this.replicas[0], stream.view, true);
      stream.breaksAfter = Infinity;
    }
    for (const replica of this.replicas) await replica.settle(this.clock);
    for (let turns = 0; turns < 50; turns += 1) await turn();
    await this.check();
    await Promise.all(this.replicas.map(({ watched }) => watched.close()));
  }

  private async take(next: Step): Promise<void> {
    if ('fates' in next) {
      this.move(next);
      for (const published of this.chat.published.slice(this.told))
        next.fates.forEach((luck, index) => this.replicas[index]?.deliver(published, luck));
      this.told = this.chat.published.length;
    } else if ('ms' in next) {
      await this.clock.advance(next.ms);
    } else if (next.do === 'late' && 'replica' in next) {
      this.replicas[next.replica]?.deliverLate();
    } else if ('holds' in next) {
      const view = new ChatView();
      if (next.holds)
        for (const message of this.chat.visible.slice(0, 2)) view.messages.set(message.id, message);
      this.enter(this.replicas[next.replica], view, false);
    } else if ('after' in next) {
      const open = this.streams.find(({ isClosed }) => !isClosed);
      if (open !== undefined) open.breaksAfter = next.after;
    } else if (next.do === 'resume' && 'replica' in next) {
      const broken = this.streams.find(({ isClosed }) => isClosed);
      if (broken !== undefined) this.enter(this.replicas[next.replica], broken.view, true);
    } else {
      this.workerAnswers = next.do === 'worker speaks';
    }
  }

  private move(next: Step & { fates: unknown }): void {
    this.count += 1;
    const text = `${next.do} ${this.count}`;
    if (next.do === 'stream' && this.chat.head.status !== 'running') this.chat.send(text);
    if (next.do === 'stream' && this.chat.head.workerId === null) this.chat.acquire();
    if (next.do === 'stream' && 'count' in next)
      this.chat.stream(Array.from({ length: next.count }, (_, i) => `${this.count}.${i}`));
    if (next.do === 'send') this.chat.send(text);
    if (next.do === 'acquire') this.chat.acquire();
    if (next.do === 'release') this.chat.release();
    if (next.do === 'step') this.chat.commitStep(text);
    if (next.do === 'finish') this.chat.finish(text);
    if (next.do === 'fail') this.chat.fail(text);
    if (next.do === 'retry') this.chat.retry();
    if (next.do === 'edit') this.chat.edit(text);
  }

  private enter(replica: Replica | undefined, view: ChatView, resumes: boolean): void {
    const old = this.streams.findIndex((stream) => stream.view === view);
    const faults = old === -1 ? [] : (this.streams[old]?.faults ?? []);
    const stream = new ViewStream(view, () => turn());
    stream.faults.push(...faults);
    if (old === -1) this.streams.push(stream);
    else this.streams[old] = stream;
    const afterId = Math.max(0, ...view.messages.keys());
    const start = resumes && view.cursor !== null ? { cursor: view.cursor } : { afterId };
    replica?.watched.attach(stream, start);
  }

  private async check(): Promise<void> {
    const { head, visible, liveParts } = this.chat;
    for (const { view, faults } of this.streams) {
      expect(faults).toEqual([]);
      const seen = [...view.messages.values()];
      const log = view.log.join('\n');
      expect({ log, seen }).toEqual({ log, seen: visible });
      expect({ log, status: view.status }).toEqual({ log, status: head.status });
      expect({ log, queue: view.queue }).toEqual({ log, queue: head.queue });
      expect({ log, error: view.error }).toEqual({ log, error: head.error });
      const preview = view.preview.map(({ role, part }) => ({ role, part }));
      if (head.status === 'running' && preview.length > 0)
        expect({ log, preview }).toEqual({ log, preview: liveParts.slice(0, preview.length) });
    }
  }
}

describe('WatchedFeed', () => {
  it('brings every viewer to exactly the committed state, each part once and in order, whatever the bus does', async () => {
    const seed = Number(process.env['FEED_SEED'] ?? Date.now() % 2 ** 31);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 120, size: 'max' }), (steps) =>
        new Trial().run(steps),
      ),
      { seed, numRuns: Number(process.env['FEED_RUNS'] ?? 100) },
    );
    process.stdout.write(`feed property seed ${seed}\n`);
  });

  it('replays a long history page by page, each when the viewer has taken the one before', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    for (let index = 0; index < 1_000; index += 1) chat.commitStep(`step ${index}`);
    const replica = new Replica(chat, new FakeClock(), () => true);
    await replica.watched.start();
    let take = (): void => undefined;
    const view = new ChatView();
    const stream = new ViewStream(view, () => new Promise((resolve) => (take = resolve)));
    replica.watched.attach(stream, { afterId: 0 });
    await eventually(() => view.messages.size > 0);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    const firstPage = view.messages.size;
    expect(firstPage).toBeLessThanOrEqual(200);
    chat.commitStep('meanwhile');
    for (const published of chat.published.slice(-1)) replica.deliver(published, 'arrives');
    await eventually(() => {
      take();
      return view.status === 'running';
    });
    expect([...view.messages.values()]).toEqual(chat.visible);
    expect([stream.faults, replica.metrics.historyReads >= 5]).toEqual([[], true]);
    await replica.watched.close();
  });

  it('a storm of viewers with cursors costs no read, and viewers who want the same page share it', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    for (let index = 0; index < 20; index += 1) chat.commitStep(`step ${index}`);
    const replica = new Replica(chat, new FakeClock(), () => true);
    await replica.watched.start();
    const storm = (start: () => Start): ViewStream[] =>
      Array.from({ length: 100 }, () => {
        const stream = new ViewStream(new ChatView());
        replica.watched.attach(stream, start());
        return stream;
      });
    const fresh = storm(() => ({ afterId: 0 }));
    await eventually(() => fresh.every(({ view }) => view.status === 'running'));
    expect(replica.metrics.historyReads).toBe(1);
    const again = storm(() => ({ cursor: replica.watched.feed.cursor }));
    chat.commitStep('news');
    for (let turns = 0; turns < 5; turns += 1) await turn();
    for (const published of chat.published.slice(-1)) replica.deliver(published, 'arrives');
    expect(again.every(({ view }) => view.messages.size === 1)).toBe(true);
    const { firstReads, catchUpReads, historyReads } = replica.metrics;
    expect([firstReads, catchUpReads, historyReads]).toEqual([1, 0, 1]);
    await replica.watched.close();
  });

  it('one read serves all that comes while it runs, and reads that bring nothing become rare', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    const clock = new FakeClock();
    const replica = new Replica(chat, clock, () => true);
    await replica.watched.start();
    replica.watched.noteVersion(1_000_000);
    for (let rounds = 0; rounds < 20; rounds += 1) {
      await clock.advance(100);
      for (let turns = 0; turns < 8; turns += 1) await turn();
    }
    // 50 ms, 100, 200, 400, 400, … in two seconds.
    expect(replica.metrics.catchUpReads).toBeGreaterThan(3);
    expect(replica.metrics.catchUpReads).toBeLessThan(9);
    await replica.watched.close();
  });

  it('shows what is committed though the bus never confirms the subscription', async () => {
    const chat = new ModelChat(chatId);
    chat.send('begin');
    const clock = new FakeClock();
    const replica = new Replica(chat, clock, () => true, { confirms: false });
    const starting = replica.watched.start();
    await clock.waitForSleeper('confirm');
    await clock.advance(1_000);
    expect(await starting).toBe(true);
    const stream = new ViewStream(new ChatView());
    replica.watched.attach(stream, { afterId: 0 });
    await eventually(() => stream.view.status === 'running');
    chat.finish('answer');
    replica.watched.noteVersion(chat.head.version);
    await clock.waitForSleeper('change gap');
    await clock.advance(50);
    await eventually(() => stream.view.status === 'waiting');
    await replica.watched.close();
  });
});
