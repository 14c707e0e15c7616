import { interrupt, readChildren, type ChatHead } from '@parley/chat-state';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { Harness } from '../../testing/harness';
import { createParent, PARENT_WAITS_AT } from '../../testing/parent';
import { testTool } from '../../testing/test-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

async function results(chatId: string): Promise<[string, unknown][]> {
  const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
  return parts.flatMap((part) => (part.type === 'tool-result' ? [[part.tool_name, part.result]] : []));
}

const children = async (rootChatId: string): Promise<ChatHead[]> =>
  (await readChildren(harness.store.database, { rootChatId, limit: 50, offset: 0 })).children;

const untilWaiting = (chatId: string) =>
  eventually(async () => {
    const head = await harness.head(chatId);
    expect([head.historyVersion, head.openCalls.map((call) => call.tool_name)]).toEqual([
      PARENT_WAITS_AT,
      ['wait_agent'],
    ]);
  });

const CANCELLED = 'Cancelled: the tool call did not finish.';
const slowly = { reply: 'Seven files', chunk_count: 40, chunk_ms: 50 };

describe('a parent', () => {
  it('gets the answer of its child, which ran beside it', async () => {
    await harness.startWorker();
    const { chatId, childId } = await createParent(harness, { child: { reply: 'Seven files' } });
    await harness.until(chatId, 'waiting');
    const [spawned, waited] = await results(chatId);
    expect(spawned).toMatchObject(['spawn_agent', { chat_id: childId, title: 'Child', status: 'running' }]);
    expect(waited).toMatchObject(['wait_agent', { status: 'waiting', report: 'Seven files' }]);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('over');
  });

  it.each([1, 3])(
    'that waits lends its place, so that a worker full of parents (%i) lets children in',
    async (places) => {
      const { worker } = await harness.startWorker({ settings: { maxChats: places } });
      const plans = Array.from({ length: places }, () => createParent(harness, { child: slowly }));
      for (const { chatId } of await Promise.all(plans)) {
        await harness.until(chatId, 'waiting');
        expect((await results(chatId))[1]?.[1]).toMatchObject({ report: 'Seven files' });
      }
      expect(worker.roster.workingCount).toBeLessThanOrEqual(places);
    },
  );

  it('has one child, and its answer, although its worker died while it waited', async () => {
    const first = await harness.startWorker();
    const { chatId, childId } = await createParent(harness, { child: slowly });
    await untilWaiting(chatId);
    await first.stop(0);
    await harness.startWorker();
    await harness.until(chatId, 'waiting');
    expect((await children(chatId)).map((child) => child.id)).toEqual([childId]);
    expect((await results(chatId))[1]?.[1]).toMatchObject({ report: 'Seven files' });
  });

  it('has one child although its worker died before it knew of it', async () => {
    let isReached: (() => void) | undefined;
    const reached = new Promise<void>((resolve) => (isReached = resolve));
    const first = await harness.startWorker({
      around: (name, run) => {
        if (name !== 'commit_results') return run();
        isReached?.();
        return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    });
    const { chatId, childId } = await createParent(harness, { child: { reply: 'Seven files' } });
    await reached;
    await first.stop(0);
    await harness.startWorker();
    await harness.until(chatId, 'waiting');
    expect((await children(chatId)).map((child) => child.id)).toEqual([childId]);
  });

  it('that only waits does not hold up a stop: another worker waits on', async () => {
    const first = await harness.startWorker();
    const { chatId, childId } = await createParent(harness, { child: slowly });
    await untilWaiting(chatId);
    const give = sql(
      'test_give_away',
      `with other as (insert into workers (id, hostname, lease_expires_at) values (gen_random_uuid(), 'other', now() + interval '1 hour') returning id)
       update chats set worker_id = other.id, runner_id = gen_random_uuid() from other where chats.id = $1`,
    );
    await harness.testDatabase.database.query(give, [childId]);
    const second = await harness.startWorker();
    await first.stop(60_000);
    await eventually(async () => expect((await harness.head(chatId)).workerId).toBe(second.worker.workerId));
    await untilWaiting(chatId);
  });

  it('that is interrupted waits no more, and its child goes on', async () => {
    await harness.startWorker();
    const { chatId, childId } = await createParent(harness, { child: slowly });
    await untilWaiting(chatId);
    await interrupt(harness.store, { chatId });
    await harness.until(chatId, 'waiting');
    expect((await harness.head(childId)).status).toBe('running');
    await harness.until(childId, 'waiting');
    expect((await harness.texts(childId)).at(-1)?.[1]).toBe('Seven files');
  });

  it('that is interrupted keeps the results it has, also when its place is taken by the child', async () => {
    const quick = testTool('quick', () => Promise.resolve({ fine: true }));
    const { worker } = await harness.startWorker({ settings: { maxChats: 1 }, tools: [quick] });
    const { chatId, childId } = await createParent(harness, { child: slowly, beside: ['quick'] });
    await eventually(async () => expect((await harness.head(childId)).workerId).toBe(worker.workerId));
    await interrupt(harness.store, { chatId });
    await harness.until(chatId, 'waiting');
    expect(await results(chatId)).toMatchObject([
      ['spawn_agent', { chat_id: childId }],
      ['quick', { fine: true }],
      ['wait_agent', CANCELLED],
    ]);
    await harness.until(childId, 'waiting');
  });

  it('is told of a child that failed, and goes on', async () => {
    await harness.startWorker();
    const { chatId } = await createParent(harness, {
      child: { reply: 'never', fault: { kind: 'status', status: 401, message: 'bad key' } },
    });
    await harness.until(chatId, 'waiting');
    expect((await results(chatId))[1]?.[1]).toMatchObject({ status: 'error', last_error_kind: 'auth' });
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('over');
  });

  it('is told when its patience is over, and the child is left at work', async () => {
    await harness.startWorker();
    const { chatId, childId } = await createParent(harness, { child: slowly, wait: { timeout_seconds: 0 } });
    await harness.until(chatId, 'waiting');
    expect((await results(chatId))[1]?.[1]).toMatchObject({ chat_id: childId, timed_out: true });
    await harness.until(childId, 'waiting');
  });
});
