import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInProcessBus, type MessageContext } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { startTracing } from './start-tracing';
import { tracedBus } from './traced-bus';
import { tracedStore } from './traced-store';
import { formatTraceparent, parseTraceparent } from './traceparent';
import { inSpan, NO_TRACER, type Tracer } from './tracer';

const CHAT = '7d5f4c1e-0a53-4f1c-9a53-2f9f6f0f1a11';
const unused = {
  query: () => Promise.reject(new Error('unused')),
  transaction: () => Promise.reject(new Error('unused')),
};
let folder: string;
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), 'parley-tracing-'))));
afterAll(() => rm(folder, { recursive: true }));

async function recorded(sample: number, work: (tracer: Tracer) => Promise<void>): Promise<string> {
  const path = join(folder, `${sample}.jsonl`);
  const tracing = await startTracing({ serviceName: 'test', exporter: { type: 'file', path }, sample });
  await work(tracing.tracer);
  await tracing.stop();
  return readFile(path, 'utf8').catch(() => '');
}

/** Publishes in a span, and returns what the listener saw. */
async function deliver(tracer: Tracer): Promise<{ context: MessageContext; present: string | undefined }> {
  const plain = createInProcessBus();
  const bus = tracedBus(plain, tracer);
  const seen = new Promise<{ context: MessageContext; present: string | undefined }>((resolve) => {
    void bus.subscribe(subjects.chatReady(), (_ready, context) =>
      resolve({ context, present: tracer.present() }),
    );
  });
  await inSpan(tracer, { name: 'cause' }, () =>
    bus.publish(subjects.chatReady(), { chat_id: CHAT, version: 1 }),
  );
  const result = await seen;
  await bus.drain();
  return result;
}

describe('A traceparent', () => {
  it('is read and written as the standard has it, and refused when it is malformed', () => {
    const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const parsed = parseTraceparent(header);
    expect(parsed && formatTraceparent(parsed)).toBe(header);
    for (const bad of [
      '',
      header.slice(1),
      header.replace('00-', 'ff-'),
      header.toUpperCase(),
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    ])
      expect(parseTraceparent(bad)).toBeUndefined();
  });
});

describe('Tracing that is off', () => {
  it('wraps nothing: no sample or no exporter gives the very same bus and statements back', async () => {
    const exporter = { type: 'file', path: join(folder, 'never') } as const;
    const unsampled = await startTracing({ serviceName: 'test', exporter, sample: 0 });
    const unexported = await startTracing({ serviceName: 'test', exporter: { type: 'none' }, sample: 1 });
    expect([unsampled.tracer, unexported.tracer]).toEqual([NO_TRACER, NO_TRACER]);
    const bus = createInProcessBus();
    expect(tracedBus(bus, NO_TRACER)).toBe(bus);
    expect(tracedStore({ database: unused, bus }, NO_TRACER).database).toBe(unused);
  });

  it('sends no headers', async () => {
    expect((await deliver(NO_TRACER)).context.headers).toEqual({});
  });
});

describe('Tracing', () => {
  it('carries a trace over the bus into the listener', async () => {
    const text = await recorded(1, async (tracer) => {
      const { context, present } = await deliver(tracer);
      const [sent, received] = [context.headers['traceparent'] ?? '', present ?? ''].map(parseTraceparent);
      expect(received?.traceId).toBe(sent?.traceId);
      expect(received?.spanId).not.toBe(sent?.spanId);
      expect(tracer.present()).toBeUndefined();
    });
    for (const name of ['cause', 'publish chat.ready', 'receive chat.ready'])
      expect(text).toContain(`"name":"${name}"`);
    expect(text).toContain('parley-test');
  });

  it('carries a trace with a job to whoever does it', async () => {
    const text = await recorded(0.99999, async (tracer) => {
      const plain = createInProcessBus();
      const queue = tracedBus(plain, tracer).workQueue(subjects.gitRefreshRequested());
      const done = new Promise<string | undefined>((resolve) => {
        void queue.consume(() => resolve(tracer.present()), { concurrency: 1 });
      });
      const cause = await inSpan(tracer, { name: 'asks' }, async ({ traceparent }) => {
        await queue.add({ chat_id: CHAT }, { messageId: 'job' });
        return traceparent;
      });
      expect(parseTraceparent((await done) ?? '')?.traceId).toBe(parseTraceparent(cause)?.traceId);
      await plain.drain();
    });
    expect(text).toContain('"name":"add git.refresh_requested"');
    expect(text).toContain('"name":"receive git.refresh_requested"');
  });

  it('records none of the traces that its sample leaves out, and tells the others so', async () => {
    const text = await recorded(1e-9, async (tracer) => {
      expect((await deliver(tracer)).context.headers['traceparent']).toMatch(/-00$/);
    });
    expect(text).toBe('');
  });

  it('tells of a failure the class and code of its error, never the message', async () => {
    const text = await recorded(0.999999, async (tracer) => {
      const broken = Object.assign(new Error('hunter2'), { code: '23514' });
      await expect(inSpan(tracer, { name: 'breaks' }, () => Promise.reject(broken))).rejects.toBe(broken);
    });
    expect(text).toContain('"error.code"');
    expect(text).not.toContain('hunter2');
  });
});
