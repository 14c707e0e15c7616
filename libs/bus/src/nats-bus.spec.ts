import { NatsServer } from '@parley/local-servers';
import { WorkQueueFullError } from './errors';
import { connectNats } from './nats-bus';
import { silentLogger } from './silent-logger';
import { describePublish } from './testing/publish.testsuite';
import { describeRequest } from './testing/request.testsuite';
import { describeWorkQueue } from './testing/work-queue.testsuite';
import { eventually } from './testing/eventually';
import { collector, noteSubject } from './testing/test-bus';

/** Waits for so long, and says for how long at most this process did nothing meanwhile. */
async function longestStandstill(ms: number): Promise<number> {
  const startedAt = performance.now();
  let longestMs = 0;
  for (let at = startedAt; at < startedAt + ms;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const now = performance.now();
    longestMs = Math.max(longestMs, now - at);
    at = now;
  }
  return longestMs;
}

describe('The bus over NATS', () => {
  let server: NatsServer | undefined;
  const url = (): string => server?.url ?? '';
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server?.stop());

  const open = (options: {
    logger: typeof silentLogger;
    validate: boolean;
  }): ReturnType<typeof connectNats> => connectNats({ url: url(), name: 'test', ...options });
  describePublish(open);
  describeRequest(open);
  describeWorkQueue(open);

  it('carries messages and jobs between processes', async () => {
    const [sender, receiver] = await Promise.all(
      ['one', 'two'].map((name) => connectNats({ url: url(), name })),
    );
    if (!sender || !receiver) throw new Error('both are connected');
    const [events, jobs] = [collector(), collector()];
    await receiver.subscribe(noteSubject('between.events'), events.listener);
    sender.publish(noteSubject('between.events'), { n: 1 });
    await sender.workQueue(noteSubject('between.jobs')).add({ n: 2 }, { messageId: 'job' });
    await receiver.workQueue(noteSubject('between.jobs')).consume(jobs.listener, { concurrency: 1 });
    await eventually(() => expect([...events.numbers, ...jobs.numbers]).toEqual([1, 2]));
    await Promise.all([sender.drain(), receiver.drain()]);
  });

  it('does not deliver a job again while its consumer works on it longer than the ack wait', async () => {
    const bus = await connectNats({ url: url(), name: 'slow' });
    let [seen, stoodStillMs]: [number[], number] = [[], Infinity];
    // A process that stands still does not say that it works: such an attempt shows nothing.
    for (let attempt = 1; stoodStillMs > 400; attempt += 1) {
      [seen, stoodStillMs] = [[], 0];
      const queue = bus.workQueue(noteSubject(`slow.jobs${attempt}`));
      const consumer = await queue.consume(
        async (_payload, { deliveries }) => {
          seen.push(deliveries);
          stoodStillMs = Math.max(stoodStillMs, await longestStandstill(2_500));
        },
        { concurrency: 2, ackWaitMs: 1_000 },
      );
      await queue.add({ n: 1 }, { messageId: 'job' });
      await eventually(() => expect(seen).not.toEqual([]));
      await consumer.drain();
    }
    await bus.drain();
    expect(seen).toEqual([1]);
  });

  it('refuses jobs over the bounds of a queue', async () => {
    const bus = await connectNats({ url: url(), name: 'full', maxQueuedJobs: 1 });
    const queue = bus.workQueue(noteSubject('full.jobs'));
    await queue.add({ n: 1 }, { messageId: '1' });
    await expect(queue.add({ n: 2 }, { messageId: '2' })).rejects.toThrow(WorkQueueFullError);
    await bus.drain();
  });

  it('gives up connecting for the first time when the signal says so', async () => {
    const leaving = new AbortController();
    const attempt = connectNats({ url: 'nats://127.0.0.1:1', name: 'nobody', signal: leaving.signal });
    setTimeout(() => leaving.abort(new Error('leaving')), 20);
    await expect(attempt).rejects.toThrow('leaving');
  });
});
