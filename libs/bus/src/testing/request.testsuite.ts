import {
  BusClosedError,
  InvalidMessageError,
  NoResponderError,
  PayloadTooLargeError,
  RequestFailedError,
  RequestTimeoutError,
} from '../errors';
import { z } from 'zod';
import { note, questionSubject, useTestBus, type Note, type OpenBus } from './test-bus';

/** What every bus promises about request and reply. */
export function describeRequest(open: OpenBus): void {
  describe('request and reply', () => {
    const test = useTestBus(open);

    it('answers with what the listener returns, and passes headers', async () => {
      const { bus, prefix } = test();
      let traceparent: string | undefined;
      await bus.respond(questionSubject(`${prefix}.*.double`), async ({ n }, { headers, subject }) => {
        traceparent = headers['traceparent'];
        return { n: n * 2, text: subject };
      });
      const options = { timeoutMs: 5_000, headers: { traceparent: '00-1' } };
      const reply = await bus.request(questionSubject(`${prefix}.x.double`), { n: 21 }, options);
      expect(reply).toEqual({ n: 42, text: `${prefix}.x.double` });
      expect(traceparent).toBe('00-1');
    });

    it('shares the questions within a queue group, so each gets one answer', async () => {
      const { bus, prefix } = test();
      const counts = [0, 0];
      for (const member of [0, 1]) {
        await bus.respond(
          questionSubject(`${prefix}.a`),
          ({ n }) => {
            counts[member] = (counts[member] ?? 0) + 1;
            return { n };
          },
          { queue: 'group' },
        );
      }
      const questions = Array.from({ length: 50 }, (_, n) => n);
      const replies = await Promise.all(
        questions.map((n) => bus.request(questionSubject(`${prefix}.a`), { n }, { timeoutMs: 5_000 })),
      );
      expect(replies.map(({ n }) => n)).toEqual(questions);
      expect((counts[0] ?? 0) + (counts[1] ?? 0)).toBe(50);
    });

    it('says at once that nobody responds', async () => {
      const { bus, prefix } = test();
      const startedAt = Date.now();
      await expect(
        bus.request(questionSubject(`${prefix}.a`), { n: 1 }, { timeoutMs: 60_000 }),
      ).rejects.toThrow(NoResponderError);
      expect(Date.now() - startedAt).toBeLessThan(30_000);
    });

    it('gives up after the timeout', async () => {
      const { bus, prefix } = test();
      const never = new AbortController();
      await bus.respond(questionSubject(`${prefix}.a`), async () => {
        await new Promise((resolve) => never.signal.addEventListener('abort', resolve));
        return { n: 0 };
      });
      await expect(bus.request(questionSubject(`${prefix}.a`), { n: 1 }, { timeoutMs: 30 })).rejects.toThrow(
        RequestTimeoutError,
      );
      never.abort();
    });

    it('gives up with the reason of the signal, also of one aborted before', async () => {
      const { bus, prefix } = test();
      const never = new AbortController();
      const leaving = new AbortController();
      await bus.respond(questionSubject(`${prefix}.a`), async () => {
        leaving.abort(new Error('leaving'));
        await new Promise((resolve) => never.signal.addEventListener('abort', resolve));
        return { n: 0 };
      });
      const options = { timeoutMs: 60_000, signal: leaving.signal };
      await expect(bus.request(questionSubject(`${prefix}.a`), { n: 1 }, options)).rejects.toThrow('leaving');
      await expect(bus.request(questionSubject(`${prefix}.a`), { n: 1 }, options)).rejects.toThrow('leaving');
      never.abort();
    });

    it('tells the asker what the responder threw', async () => {
      const { bus, prefix, logger } = test();
      await bus.respond(questionSubject(`${prefix}.a`), () => {
        throw new Error('no such\nepisode');
      });
      const asked = bus.request(questionSubject(`${prefix}.a`), { n: 1 }, { timeoutMs: 5_000 });
      await expect(asked).rejects.toThrow(RequestFailedError);
      await expect(asked).rejects.toThrow('no such\nepisode');
      expect(logger.lines.map(({ level }) => level)).toEqual(['error']);
    });

    it('refuses questions and replies of the wrong shape or size, at once', async () => {
      const { bus, prefix } = test();
      await bus.respond(questionSubject(`${prefix}.shape`), () => ({ n: 'wrong' }) as unknown as Note);
      await bus.respond(questionSubject(`${prefix}.size`), () => ({ n: 1, text: 'x'.repeat(1024 * 1024) }));
      const options = { timeoutMs: 60_000 };
      const ask = (name: string, payload: Note): Promise<Note> =>
        bus.request(questionSubject(`${prefix}.${name}`), payload, options);
      await expect(ask('shape', { n: 1 })).rejects.toThrow(RequestFailedError);
      await expect(ask('size', { n: 1 })).rejects.toThrow(RequestFailedError);
      await expect(ask('shape', { n: 'x' } as unknown as Note)).rejects.toThrow(InvalidMessageError);
      await expect(ask('size', { n: 1, text: 'x'.repeat(1024 * 1024) })).rejects.toThrow(
        PayloadTooLargeError,
      );
      const lax = { subject: `${prefix}.shape`, payload: note.or(z.object({ n: z.string() })), reply: note };
      await expect(bus.request(lax, { n: 'x' }, options)).rejects.toThrow(/Invalid message .* n: /);
    });

    it('answers a question that came before the drain, and asks no more after it', async () => {
      const { bus, prefix } = test();
      await bus.respond(questionSubject(`${prefix}.a`), async ({ n }) => {
        await new Promise((resolve) => setImmediate(resolve));
        return { n: n + 1 };
      });
      const asked = bus.request(questionSubject(`${prefix}.a`), { n: 1 }, { timeoutMs: 5_000 });
      const [reply] = await Promise.all([asked, bus.drain()]);
      expect(reply).toEqual({ n: 2 });
      await expect(
        bus.request(questionSubject(`${prefix}.a`), { n: 1 }, { timeoutMs: 5_000 }),
      ).rejects.toThrow(BusClosedError);
    });
  });
}
