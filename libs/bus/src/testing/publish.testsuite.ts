import { z } from 'zod';
import { InvalidMessageError, InvalidSubjectError, PayloadTooLargeError, BusClosedError } from '../errors';
import { eventually, gate } from './eventually';
import { collector, note, noteSubject, useTestBus, type Note, type OpenBus } from './test-bus';

/** What every bus promises about publish and subscribe. */
export function describePublish(open: OpenBus): void {
  describe('publish and subscribe', () => {
    const test = useTestBus(open);

    it('delivers messages of one publisher in order, to every subscriber, with subject and headers', async () => {
      const { bus, prefix } = test();
      const [one, two] = [collector(), collector()];
      await bus.subscribe(noteSubject(`${prefix}.a`), one.listener);
      await bus.subscribe(noteSubject(`${prefix}.a`), two.listener);
      for (let n = 1; n <= 100; n += 1) {
        bus.publish(noteSubject(`${prefix}.a`), { n }, { headers: { traceparent: `00-${n}` } });
      }
      const expected = Array.from({ length: 100 }, (_, index) => index + 1);
      await eventually(() => expect(two.numbers).toHaveLength(100));
      expect(one.numbers).toEqual(expected);
      expect(two.numbers).toEqual(expected);
      expect(one.contexts[6]).toEqual({ subject: `${prefix}.a`, headers: { traceparent: '00-7' } });
    });

    it('delivers after publish has returned, and what the publisher does to the payload later does not show', async () => {
      const { bus, prefix } = test();
      const seen: Note[] = [];
      await bus.subscribe(noteSubject(`${prefix}.a`), (payload) => void seen.push(payload));
      await bus.subscribe(noteSubject(`${prefix}.a`), (payload) => void seen.push(payload));
      const payload = { n: 1 };
      bus.publish(noteSubject(`${prefix}.a`), payload);
      payload.n = 2;
      expect(seen).toEqual([]);
      await eventually(() => expect(seen).toEqual([{ n: 1 }, { n: 1 }]));
      expect(seen[0]).not.toBe(seen[1]);
    });

    it('matches * to one token and > to the rest', async () => {
      const { bus, prefix } = test();
      const [star, rest, exact] = [collector(), collector(), collector()];
      await bus.subscribe(noteSubject(`${prefix}.*.changed`), star.listener);
      await bus.subscribe(noteSubject(`${prefix}.>`), rest.listener);
      await bus.subscribe(noteSubject(`${prefix}.x.changed`), exact.listener);
      bus.publish(noteSubject(`${prefix}.x.changed`), { n: 1 });
      bus.publish(noteSubject(`${prefix}.y.changed`), { n: 2 });
      bus.publish(noteSubject(`${prefix}.x.parts`), { n: 3 });
      bus.publish(noteSubject(`${prefix}.x.y.changed`), { n: 4 });
      bus.publish(noteSubject(prefix), { n: 5 });
      await eventually(() => expect(rest.numbers).toEqual([1, 2, 3, 4]));
      expect(star.numbers).toEqual([1, 2]);
      expect(star.contexts.map((context) => context.subject)).toEqual([
        `${prefix}.x.changed`,
        `${prefix}.y.changed`,
      ]);
      expect(exact.numbers).toEqual([1]);
    });

    it('gives each message to one member of a queue group, and all of them to others', async () => {
      const { bus, prefix } = test();
      const members = [collector(), collector()];
      const outsider = collector();
      for (const { listener } of members)
        await bus.subscribe(noteSubject(`${prefix}.a`), listener, { queue: 'group' });
      await bus.subscribe(noteSubject(`${prefix}.a`), outsider.listener);
      for (let n = 0; n < 200; n += 1) bus.publish(noteSubject(`${prefix}.a`), { n });
      await eventually(() => expect(outsider.numbers).toHaveLength(200));
      await eventually(() => expect(members.flatMap(({ numbers }) => numbers)).toHaveLength(200));
      expect(new Set(members.flatMap(({ numbers }) => numbers)).size).toBe(200);
      for (const { numbers } of members) expect(numbers.length).toBeGreaterThan(20);
    });

    it('logs what a listener throws and goes on with the next message', async () => {
      const { bus, logger, prefix } = test();
      const seen: number[] = [];
      await bus.subscribe(noteSubject(`${prefix}.a`), ({ n }) => {
        if (n === 1) throw new Error('first');
        seen.push(n);
      });
      await bus.subscribe(noteSubject(`${prefix}.a`), async ({ n }) => {
        await Promise.resolve();
        if (n === 2) throw new Error('second');
        seen.push(n * 10);
      });
      for (const n of [1, 2, 3]) bus.publish(noteSubject(`${prefix}.a`), { n });
      await eventually(() => expect(seen.toSorted((a, b) => a - b)).toEqual([2, 3, 10, 30]));
      expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
    });

    it('starts no listener after unsubscribe', async () => {
      const { bus, prefix } = test();
      const [gone, stays] = [collector(), collector()];
      const subscription = await bus.subscribe(noteSubject(`${prefix}.a`), gone.listener);
      await bus.subscribe(noteSubject(`${prefix}.a`), stays.listener);
      subscription.unsubscribe();
      bus.publish(noteSubject(`${prefix}.a`), { n: 1 });
      await eventually(() => expect(stays.numbers).toEqual([1]));
      expect(gone.numbers).toEqual([]);
    });

    it('lets a draining subscription finish what had arrived and what runs', async () => {
      const { bus, prefix } = test();
      const { opened, open: openGate } = gate();
      const done: number[] = [];
      const subscription = await bus.subscribe(noteSubject(`${prefix}.a`), async ({ n }) => {
        await opened;
        done.push(n);
      });
      for (const n of [1, 2, 3]) bus.publish(noteSubject(`${prefix}.a`), { n });
      const drained = subscription.drain();
      openGate();
      await drained;
      expect(done).toEqual([1, 2, 3]);
    });

    it('refuses subjects that cannot be sent to or listened on', async () => {
      const { bus } = test();
      for (const subject of ['', 'a.*', 'a.>', 'a b', '.a', 'a..b', 'a.', 'a\r\nb']) {
        expect(() => bus.publish(noteSubject(subject), { n: 1 })).toThrow(InvalidSubjectError);
      }
      for (const pattern of ['', 'a b', 'a..b', 'a.>.b', 'a.b*']) {
        await expect(async () => bus.subscribe(noteSubject(pattern), () => undefined)).rejects.toThrow(
          InvalidSubjectError,
        );
      }
    });

    it('refuses a payload over the limit and says by how much', () => {
      const { bus, prefix } = test();
      const text = 'x'.repeat(1024 * 1024);
      expect(() => bus.publish(noteSubject(`${prefix}.a`), { n: 1, text })).toThrow(PayloadTooLargeError);
      expect(() => bus.publish(noteSubject(`${prefix}.a`), { n: 1, text })).toThrow(
        /10485\d\d bytes .* 1048576 bytes/,
      );
    });

    it('refuses to send what has not the shape of its subject', () => {
      const { bus, prefix } = test();
      const wrong = { n: 'one' } as unknown as Note;
      expect(() => bus.publish(noteSubject(`${prefix}.a`), wrong)).toThrow(InvalidMessageError);
      expect(() => bus.publish(noteSubject(`${prefix}.a`), wrong)).toThrow(/: n: /);
    });
  });

  describe('an invalid message that arrives', () => {
    const careless = useTestBus(open, false);

    it('reaches the listener when nobody validates', async () => {
      const { bus, prefix } = careless();
      const seen: unknown[] = [];
      await bus.subscribe(noteSubject(`${prefix}.a`), (payload) => void seen.push(payload));
      bus.publish(noteSubject(`${prefix}.a`), { wrong: true } as unknown as Note);
      await eventually(() => expect(seen).toEqual([{ wrong: true }]));
    });
  });

  describe('an invalid message that arrives where messages are validated', () => {
    const test = useTestBus(open);

    it('is dropped with a warning that names subject and field', async () => {
      const { bus, logger, prefix } = test();
      const { numbers, listener } = collector();
      await bus.subscribe(noteSubject(`${prefix}.a`), listener);
      const lax = { subject: `${prefix}.a`, payload: note.or(z.object({ n: z.string() })) };
      bus.publish(lax, { n: 'one' });
      bus.publish(lax, { n: 2 });
      await eventually(() => expect(numbers).toEqual([2]));
      const warning = logger.lines.find(({ level }) => level === 'warn');
      expect(warning?.fields).toMatchObject({ subject: `${prefix}.a`, field: 'n' });
    });
  });

  describe('drain', () => {
    const test = useTestBus(open);

    it('lets listeners in flight finish and publish, and refuses everything afterwards', async () => {
      const { bus, prefix } = test();
      const { opened, open: openGate } = gate();
      let isDone = false;
      const { opened: started, open: start } = gate();
      await bus.subscribe(noteSubject(`${prefix}.a`), async () => {
        start();
        await opened;
        bus.publish(noteSubject(`${prefix}.b`), { n: 1 });
        isDone = true;
      });
      bus.publish(noteSubject(`${prefix}.a`), { n: 1 });
      await started;
      const drained = bus.drain();
      openGate();
      await drained;
      expect(isDone).toBe(true);
      expect(bus.isConnected).toBe(false);
      expect(() => bus.publish(noteSubject(`${prefix}.a`), { n: 2 })).not.toThrow();
      await expect(bus.subscribe(noteSubject(`${prefix}.a`), () => undefined)).rejects.toThrow(
        BusClosedError,
      );
      await bus.drain();
    });
  });
}
