import { NatsServer } from '@parley/local-servers';
import type { Bus } from './bus';
import { BusUnavailableError } from './errors';
import { connectNats } from './nats-bus';
import { eventually, gate } from './testing/eventually';
import { RecordingLogger } from './testing/recording-logger';
import { collector, noteSubject, questionSubject } from './testing/test-bus';

describe('While NATS is away', () => {
  let server: NatsServer;
  let bus: Bus;
  let logger: RecordingLogger;
  beforeEach(async () => {
    server = await NatsServer.start();
    logger = new RecordingLogger();
    bus = await connectNats({ url: server.url, name: 'outage', logger });
  });
  afterEach(async () => {
    await bus.drain();
    await server.stop();
  });

  async function takeAway(): Promise<void> {
    await server.kill();
    await eventually(() => expect(bus.isConnected).toBe(false));
  }

  it('publish drops, requests and jobs are refused at once, and nothing is thrown where nobody waits', async () => {
    await takeAway();
    for (let n = 0; n < 1_000; n += 1) bus.publish(noteSubject('a'), { n });
    const request = bus.request(questionSubject('a'), { n: 1 }, { timeoutMs: 60_000 });
    await expect(request).rejects.toThrow(BusUnavailableError);
    const added = bus.workQueue(noteSubject('jobs')).add({ n: 1 }, { messageId: 'job' });
    await expect(added).rejects.toThrow(BusUnavailableError);
    await expect(bus.workQueue(noteSubject('jobs')).deadLetters()).rejects.toThrow(BusUnavailableError);
  });

  it('a request that waits for its reply is refused when the connection is lost', async () => {
    const { opened, open } = gate();
    const { opened: asked, open: ask } = gate();
    await bus.respond(questionSubject('a'), async () => {
      ask();
      await opened;
      return { n: 1 };
    });
    const request = bus.request(questionSubject('a'), { n: 1 }, { timeoutMs: 60_000 });
    const refusal = expect(request).rejects.toThrow(BusUnavailableError);
    await asked;
    await takeAway();
    await refusal;
    open();
  });

  it('subscriptions, also those asked for meanwhile, work again after it came back, and the listeners are told', async () => {
    const [before, meanwhile] = [collector(), collector()];
    await bus.subscribe(noteSubject('chat.*.changed'), before.listener);
    await bus.respond(questionSubject('double'), ({ n }) => ({ n: n * 2 }));
    let reconnects = 0;
    const stop = bus.onReconnect(() => (reconnects += 1));
    await takeAway();
    const subscribed = bus.subscribe(noteSubject('chat.*.changed'), meanwhile.listener);
    await server.restart();
    await subscribed;
    await eventually(() => expect(reconnects).toBe(1));
    bus.publish(noteSubject('chat.1.changed'), { n: 1 });
    await eventually(() => expect([...before.numbers, ...meanwhile.numbers]).toEqual([1, 1]));
    const reply = await bus.request(questionSubject('double'), { n: 4 }, { timeoutMs: 5_000 });
    expect(reply).toEqual({ n: 8 });
    stop();
    await takeAway();
    await server.restart();
    await eventually(() => expect(bus.isConnected).toBe(true));
    await bus.subscribe(noteSubject('after'), () => undefined);
    expect(reconnects).toBe(1);
  });

  it('jobs stored before it went are delivered after it came back, and consumers go on', async () => {
    const queue = bus.workQueue(noteSubject('jobs'));
    await queue.add({ n: 1 }, { messageId: '1' });
    const { numbers, listener } = collector();
    const { opened, open } = gate();
    await queue.consume(
      async (payload, job) => {
        listener(payload, job);
        await opened;
      },
      { concurrency: 1, ackWaitMs: 1_000 },
    );
    await eventually(() => expect(numbers).toEqual([1]));
    await queue.add({ n: 2 }, { messageId: '2' });
    await takeAway();
    await server.restart();
    open();
    // The first job was not acknowledged when the server died, so it may come once more.
    await eventually(() => expect(numbers).toContain(2), 20_000);
    await eventually(async () => queue.add({ n: 3 }, { messageId: '3' }));
    await eventually(() => expect(numbers).toContain(3), 20_000);
  });

  it('drain does not wait for it', async () => {
    await bus.subscribe(noteSubject('a'), () => undefined);
    await bus.workQueue(noteSubject('jobs')).consume(() => undefined, { concurrency: 1 });
    await takeAway();
    const startedAt = Date.now();
    await bus.drain();
    expect(Date.now() - startedAt).toBeLessThan(20_000);
  });

  it('the first connection is tried until it is there', async () => {
    await takeAway();
    const attempt = connectNats({ url: server.url, name: 'late', logger });
    await eventually(() =>
      expect(logger.lines.map(({ message }) => message)).toContain('NATS cannot be reached, trying again'),
    );
    await server.restart();
    const late = await attempt;
    expect(late.isConnected).toBe(true);
    await late.drain();
  });
});
