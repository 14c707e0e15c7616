import { BusClosedError, InvalidMessageError, PayloadTooLargeError } from '../errors';
import { eventually, gate } from './eventually';
import { collector, noteSubject, useTestBus, type Note, type OpenBus } from './test-bus';

/** What every bus promises about work queues. */
export function describeWorkQueue(open: OpenBus): void {
  describe('work queue', () => {
    const test = useTestBus(open);
    const soon = { retryDelayMs: () => 1 };

    it('keeps jobs until somebody consumes them, and gives each to one consumer', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      for (let n = 0; n < 20; n += 1)
        await queue.add({ n }, { messageId: `job-${n}`, headers: { traceparent: `00-${n}` } });
      const [one, two] = [collector(), collector()];
      await queue.consume(one.listener, { concurrency: 2 });
      await queue.consume(two.listener, { concurrency: 2 });
      await eventually(() => expect(one.numbers.length + two.numbers.length).toBe(20));
      const all = [...one.numbers, ...two.numbers].toSorted((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: 20 }, (_, n) => n));
      const first = [...one.contexts, ...two.contexts].find(({ messageId }) => messageId === 'job-0');
      const headers = { traceparent: '00-0' };
      expect(first).toEqual({ subject: `${prefix}.jobs`, messageId: 'job-0', deliveries: 1, headers });
    });

    it('adds a job once, however often it is added under one id', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      await queue.add({ n: 1 }, { messageId: 'same' });
      await queue.add({ n: 2 }, { messageId: 'same' });
      await queue.add({ n: 3 }, { messageId: 'other' });
      const { numbers, listener } = collector();
      await queue.consume(listener, { concurrency: 1 });
      await eventually(() => expect(numbers).toEqual([1, 3]));
      await queue.add({ n: 4 }, { messageId: 'same' });
      await queue.add({ n: 5 }, { messageId: 'last' });
      await eventually(() => expect(numbers).toEqual([1, 3, 5]));
    });

    it('delivers a job again after a throw, each time a little later', async () => {
      const { bus, prefix, logger } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const deliveredAt: number[] = [];
      const delays: number[] = [];
      const counts: number[] = [];
      const listener = (_payload: Note, { deliveries }: { deliveries: number }): void => {
        deliveredAt.push(Date.now());
        counts.push(deliveries);
        if (deliveries < 3) throw new Error('not yet');
      };
      const reasons: string[] = [];
      const retryDelayMs = (deliveries: number, error: unknown): number => {
        reasons.push(String(error));
        delays.push(deliveries * 100);
        return deliveries * 100;
      };
      await queue.consume(listener, { concurrency: 1, retryDelayMs });
      await queue.add({ n: 1 }, { messageId: 'job' });
      await eventually(() => expect(counts).toEqual([1, 2, 3]));
      expect(delays).toEqual([100, 200]);
      expect(reasons).toEqual(['Error: not yet', 'Error: not yet']);
      const [first = 0, second = 0, third = 0] = deliveredAt;
      expect(second - first).toBeGreaterThanOrEqual(90);
      expect(third - second).toBeGreaterThanOrEqual(190);
      expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
      expect((await queue.deadLetters()).count).toBe(0);
    });

    it('makes a job that keeps failing a dead letter that can be read, and goes on with others', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const done: number[] = [];
      let attempts = 0;
      const listener = ({ n }: Note): void => {
        if (n === 13) {
          attempts += 1;
          throw new Error('cannot do\n13');
        }
        done.push(n);
      };
      await queue.consume(listener, { concurrency: 1, maxDeliveries: 3, ...soon });
      for (const n of [13, 14]) await queue.add({ n, text: 'payload' }, { messageId: `job-${n}` });
      await eventually(async () => expect((await queue.deadLetters()).count).toBe(1));
      await eventually(() => expect(done).toEqual([14]));
      expect(attempts).toBe(3);
      const { letters } = await queue.deadLetters();
      expect(letters).toEqual([
        {
          messageId: 'job-13',
          payload: { n: 13, text: 'payload' },
          deliveries: 3,
          reason: 'cannot do\n13',
          failedAt: expect.any(Date) as Date,
        },
      ]);
      expect((await queue.deadLetters({ limit: 0 })).letters).toEqual([]);
    });

    it('runs as many jobs at once as allowed and no more', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const { opened, open: openGate } = gate();
      let running = 0;
      let most = 0;
      let finished = 0;
      const listener = async (): Promise<void> => {
        running += 1;
        most = Math.max(most, running);
        await opened;
        running -= 1;
        finished += 1;
      };
      await queue.consume(listener, { concurrency: 3 });
      for (let n = 0; n < 10; n += 1) await queue.add({ n }, { messageId: `job-${n}` });
      await eventually(() => expect(running).toBe(3));
      openGate();
      await eventually(() => expect(finished).toBe(10));
      expect(most).toBe(3);
    });

    it('lets a draining consumer finish its jobs, and leaves the rest to others', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const { opened, open: openGate } = gate();
      const finished: number[] = [];
      const { opened: started, open: start } = gate();
      const consumer = await queue.consume(
        async ({ n }) => {
          start();
          await opened;
          finished.push(n);
        },
        { concurrency: 1 },
      );
      for (const n of [1, 2]) await queue.add({ n }, { messageId: `job-${n}` });
      await started;
      const drained = consumer.drain();
      openGate();
      await drained;
      expect(finished).toEqual([1]);
      const { numbers, listener } = collector();
      await queue.consume(listener, { concurrency: 1 });
      await eventually(() => expect(numbers).toEqual([2]));
    });

    it('finishes the jobs in flight when the bus drains, and takes none afterwards', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const { opened, open: openGate } = gate();
      const { opened: started, open: start } = gate();
      let isFinished = false;
      await queue.consume(
        async () => {
          start();
          await opened;
          isFinished = true;
        },
        { concurrency: 1 },
      );
      await queue.add({ n: 1 }, { messageId: 'job' });
      await started;
      const drained = bus.drain();
      openGate();
      await drained;
      expect(isFinished).toBe(true);
      await expect(queue.add({ n: 2 }, { messageId: 'late' })).rejects.toThrow(BusClosedError);
      await expect(queue.consume(() => undefined, { concurrency: 1 })).rejects.toThrow(BusClosedError);
    });

    it('refuses jobs of the wrong shape or size', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const wrong = { n: 'one' } as unknown as Note;
      await expect(queue.add(wrong, { messageId: 'wrong' })).rejects.toThrow(InvalidMessageError);
      const big = { n: 1, text: 'x'.repeat(1024 * 1024) };
      await expect(queue.add(big, { messageId: 'big' })).rejects.toThrow(PayloadTooLargeError);
    });

    it('buries a job whose stored form has not the shape any more, without trying it again', async () => {
      const { bus, prefix } = test();
      const queue = bus.workQueue(noteSubject(`${prefix}.jobs`));
      const { numbers, listener } = collector();
      await queue.consume((payload) => listener(strict(payload), {}), {
        concurrency: 1,
        maxDeliveries: 5,
        ...soon,
      });
      await queue.add({ n: 1 }, { messageId: 'job' });
      await eventually(async () => expect((await queue.deadLetters()).count).toBe(1));
      expect((await queue.deadLetters()).letters[0]).toMatchObject({ messageId: 'job', deliveries: 1 });
      expect(numbers).toEqual([]);
    });
  });
}

function strict(_payload: Note): Note {
  throw new InvalidMessageError('subject', 'text', 'is missing');
}
