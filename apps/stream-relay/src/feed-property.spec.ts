import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { FakeClock } from '@parley/testing';
import { ChatView, ViewStream } from './testing/chat-view';
import { ModelChat } from './testing/model-chat';
import { chatId, Replica, type Fate } from './testing/replica';

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
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart'), replica: replicaIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget'), replica: replicaIndex }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('worker mute', 'worker speaks') }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

class Trial {
  readonly clock = new FakeClock();
  readonly chat = new ModelChat(chatId);
  readonly streams: ViewStream[] = [];
  private readonly homes = new Map<ViewStream, Replica>();
  private workerAnswers = true;
  readonly replicas = [0, 1].map(() => this.replica());
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
    } else if (next.do === 'restart' && 'replica' in next) {
      await this.restart(next.replica);
    } else if (next.do === 'forget' && 'replica' in next) {
      this.replicas[next.replica]?.watched.feed.forgetParts();
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

  private replica(): Replica {
    return new Replica(this.chat, this.clock, () => this.workerAnswers);
  }

  /** Its viewers come back to whichever replica, which may know less of the past than they do. */
  private async restart(index: number): Promise<void> {
    const old = this.replicas[index];
    const fresh = this.replica();
    this.replicas[index] = fresh;
    for (const stream of this.streams) {
      if (this.homes.get(stream) !== old) continue;
      stream.close();
      // Without a cursor nobody can tell it later what was removed meanwhile.
      if (stream.view.cursor === null) stream.view.messages.clear();
    }
    await Promise.all([old?.watched.close(), fresh.watched.start()]);
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
    if (replica !== undefined) this.homes.set(stream, replica);
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

describe('A feed', () => {
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
});
