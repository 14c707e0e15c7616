import { WorkQueueFullError } from './errors';
import { createInProcessBus } from './in-process-bus';
import { describePublish } from './testing/publish.testsuite';
import { describeRequest } from './testing/request.testsuite';
import { describeWorkQueue } from './testing/work-queue.testsuite';
import { eventually } from './testing/eventually';
import { RecordingLogger } from './testing/recording-logger';
import { collector, noteSubject, type OpenBus } from './testing/test-bus';

describe('The in-process bus', () => {
  const open: OpenBus = (options) => Promise.resolve(createInProcessBus(options));
  describePublish(open);
  describeRequest(open);
  describeWorkQueue(open);

  it('is always connected until it is drained', async () => {
    const bus = createInProcessBus();
    expect(bus.isConnected).toBe(true);
    bus.onReconnect(() => undefined)();
    await bus.drain();
    expect(bus.isConnected).toBe(false);
  });

  it('drops what does not fit into its bounds, warns once, and goes on', async () => {
    const logger = new RecordingLogger();
    const bus = createInProcessBus({ logger, maxPendingMessages: 10 });
    const { numbers, listener } = collector();
    await bus.subscribe(noteSubject('a'), listener);
    for (let n = 0; n < 100; n += 1) bus.publish(noteSubject('a'), { n });
    await eventually(() => expect(numbers).toHaveLength(10));
    bus.publish(noteSubject('a'), { n: 100 });
    await eventually(() => expect(numbers.at(-1)).toBe(100));
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await bus.drain();
  });

  it('refuses jobs over the bounds of a queue', async () => {
    const bus = createInProcessBus({ maxQueuedJobs: 2 });
    const queue = bus.workQueue(noteSubject('jobs'));
    await queue.add({ n: 1 }, { messageId: '1' });
    await queue.add({ n: 2 }, { messageId: '2' });
    await expect(queue.add({ n: 3 }, { messageId: '3' })).rejects.toThrow(WorkQueueFullError);
    const { numbers, listener } = collector();
    await queue.consume(listener, { concurrency: 1 });
    await eventually(() => expect(numbers).toEqual([1, 2]));
    await queue.add({ n: 3 }, { messageId: '3' });
    await eventually(() => expect(numbers).toEqual([1, 2, 3]));
    await bus.drain();
  });

  it('takes an id for new again when the deduplication window is over', async () => {
    let nowMs = 0;
    const bus = createInProcessBus({ now: () => nowMs });
    const queue = bus.workQueue(noteSubject('jobs'));
    const { numbers, listener } = collector();
    await queue.consume(listener, { concurrency: 1 });
    for (const at of [0, 119_999, 120_000]) {
      nowMs = at;
      await queue.add({ n: at }, { messageId: 'same' });
    }
    await eventually(() => expect(numbers).toEqual([0, 120_000]));
    await bus.drain();
  });
});
