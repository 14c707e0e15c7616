import { connectNats, createInProcessBus, RequestFailedError, type Bus } from '@parley/bus';
import type { Subject } from '@parley/contracts';
import { NatsServer } from '@parley/local-servers';
import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { z } from 'zod';
import { BusContext } from './bus-context';
import { ConcurrencyLimit, OverloadedError } from './concurrency-limit';
import { connectBus } from './connect-bus';

const note = z.object({ n: z.number() });
type Note = z.infer<typeof note>;
const subjects = {
  changed: (what: string): Subject<Note> => ({ subject: `config.${what}.changed`, payload: note }),
  work: (): Subject<Note> => ({ subject: 'push.turn_finished', payload: note }),
  ask: (): Subject<Note, Note> => ({ subject: 'admin.double', payload: note, reply: note }),
};
const catalogue = [subjects.changed('*'), subjects.work(), subjects.ask()];

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

async function eventually(check: () => void | Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await check();
      return;
    } catch (error) {
      if (attempt > 2_000) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** What the handlers below saw, and the gate they wait at. */
class Seen {
  readonly changes: [number, string, string | undefined][] = [];
  readonly jobs: [number, number][] = [];
  readonly done: number[] = [];
  running = 0;
  most = 0;
  wait: Promise<void> = Promise.resolve();
  failJob: (n: number, deliveries: number) => boolean = () => false;
}
let seen = new Seen();

@Controller()
class Handlers {
  @EventPattern<string>('config.*.changed', { concurrency: 3 })
  async changed(@Payload() payload: Note, @Ctx() context: BusContext): Promise<void> {
    seen.changes.push([payload.n, context.getSubject(), context.getHeaders()['traceparent']]);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    await seen.wait;
    seen.running -= 1;
    if (payload.n < 0) throw new Error('negative');
    seen.done.push(payload.n);
  }

  @EventPattern<string>('push.turn_finished', {
    workQueue: true,
    concurrency: 2,
    maxDeliveries: 3,
    retryDelayMs: () => 1,
  })
  async push(@Payload() payload: Note, @Ctx() context: BusContext): Promise<void> {
    const deliveries = context.getJob()?.deliveries ?? 0;
    seen.jobs.push([payload.n, deliveries]);
    await seen.wait;
    if (seen.failJob(payload.n, deliveries)) throw new Error(`cannot push ${payload.n}`);
    seen.done.push(payload.n);
  }

  @MessagePattern('admin.double')
  double(@Payload() payload: Note): Note {
    if (payload.n < 0) throw new Error('negative');
    return { n: payload.n * 2 };
  }
}

@Module({ controllers: [Handlers] })
class App {}

const apps: NestFastifyApplication[] = [];
async function start(bus: Bus, module: Type = App): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(module, new FastifyAdapter(), {
    logger: false,
  });
  apps.push(app);
  connectBus(app, { bus, subjects: catalogue });
  await app.startAllMicroservices();
  return app;
}

function describeTransport(open: () => Promise<Bus>): void {
  let bus: Bus;
  let app: NestFastifyApplication;
  beforeEach(async () => {
    seen = new Seen();
    bus = await open();
    app = await start(bus);
  });
  afterEach(async () => {
    await Promise.all(apps.splice(0).map((running) => running.close()));
    await bus.drain();
  });

  it('hands events to their handlers, with the concrete subject and the headers', async () => {
    bus.publish(subjects.changed('models'), { n: 1 }, { headers: { traceparent: '00-1' } });
    await eventually(() => expect(seen.done).toEqual([1]));
    expect(seen.changes).toEqual([[1, 'config.models.changed', '00-1']]);
  });

  it('goes on after a handler threw, and drops invalid events', async () => {
    const lax = { subject: 'config.models.changed', payload: z.object({}) };
    bus.publish(subjects.changed('models'), { n: -1 });
    bus.publish(lax, {});
    bus.publish(subjects.changed('models'), { n: 2 });
    await eventually(() => expect(seen.done).toEqual([2]));
    expect(seen.changes).toHaveLength(2);
  });

  it('runs no more handlers at once than allowed', async () => {
    const { opened, open: openGate } = gate();
    seen.wait = opened;
    for (let n = 0; n < 10; n += 1) bus.publish(subjects.changed('models'), { n });
    await eventually(() => expect(seen.running).toBe(3));
    openGate();
    await eventually(() => expect(seen.done).toHaveLength(10));
    expect(seen.most).toBe(3);
    expect(seen.done).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('answers requests, and says what the handler threw', async () => {
    expect(await bus.request(subjects.ask(), { n: 4 }, { timeoutMs: 5_000 })).toEqual({ n: 8 });
    const failing = bus.request(subjects.ask(), { n: -1 }, { timeoutMs: 5_000 });
    await expect(failing).rejects.toThrow(RequestFailedError);
    await expect(failing).rejects.toThrow('negative');
  });

  it('acknowledges a job when its handler resolves, delivers it again when it throws, and buries it in the end', async () => {
    seen.failJob = (n, deliveries) => n === 13 || deliveries < 2;
    const queue = bus.workQueue(subjects.work());
    const known = (await queue.deadLetters()).count;
    for (const n of [1, 13]) await queue.add({ n }, { messageId: `${Date.now()}-${n}` });
    await eventually(async () => expect((await queue.deadLetters()).count).toBe(known + 1));
    await eventually(() => expect(seen.done).toEqual([1]));
    expect(seen.jobs.toSorted(([a, c], [b, d]) => a - b || c - d)).toEqual([
      [1, 1],
      [1, 2],
      [13, 1],
      [13, 2],
      [13, 3],
    ]);
    expect((await queue.deadLetters()).letters.at(-1)?.reason).toBe('cannot push 13');
  });

  it('lets handlers in flight finish when the app closes, and starts no new ones', async () => {
    const { opened, open: openGate } = gate();
    seen.wait = opened;
    for (const n of [1, 2, 3]) bus.publish(subjects.changed('models'), { n });
    await bus.workQueue(subjects.work()).add({ n: 4 }, { messageId: `${Date.now()}-close` });
    await eventually(() => expect(seen.changes.length + seen.jobs.length).toBe(4));
    const closed = app.close();
    await bus.subscribe(subjects.changed('probe'), () => undefined);
    expect(seen.done).toEqual([]);
    openGate();
    await closed;
    expect(seen.done.toSorted()).toEqual([1, 2, 3, 4]);
    bus.publish(subjects.changed('models'), { n: 5 });
    await bus.request(subjects.ask(), { n: 1 }, { timeoutMs: 5_000 }).catch(() => undefined);
    expect(seen.changes).toHaveLength(3);
  });

  it('does not start with a handler that cannot be served', async () => {
    @Controller()
    class Unknown {
      @EventPattern<string>('no.such.subject')
      handle(): void {
        return;
      }
    }
    @Controller()
    class Misspelt {
      @EventPattern<string>('push.turn_finished', { workQeue: true })
      handle(): void {
        return;
      }
    }
    for (const [controller, message] of [
      [Unknown, /no\.such\.subject/],
      [Misspelt, /push\.turn_finished.*workQeue/s],
    ] as const) {
      @Module({ controllers: [controller] })
      class Wrong {}
      await expect(start(bus, Wrong)).rejects.toThrow(message);
    }
  });
}

describe('Nest handlers on the in-process bus', () => {
  describeTransport(() => Promise.resolve(createInProcessBus()));
});

describe('Nest handlers on NATS', () => {
  let server: NatsServer;
  beforeAll(async () => {
    server = await NatsServer.start();
  });
  afterAll(() => server.stop());
  describeTransport(() => connectNats({ url: server.url, name: 'nest' }));
});

describe('A concurrency limit', () => {
  it('refuses the newest when too many wait, and serves the others in order', async () => {
    const limit = new ConcurrencyLimit({ concurrency: 1, maxWaiting: 2 });
    const { opened, open } = gate();
    const order: number[] = [];
    const run = (n: number): Promise<void> =>
      limit.run(async () => {
        await opened;
        order.push(n);
      });
    const runs = [run(1), run(2), run(3)];
    await expect(run(4)).rejects.toThrow(OverloadedError);
    open();
    await Promise.all(runs);
    await run(5);
    expect(order).toEqual([1, 2, 3, 5]);
  });
});
