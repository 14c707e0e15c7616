import { randomUUID } from 'node:crypto';
import { createChat, interrupt, readChildren, type ChatHead } from '@parley/chat-state';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { ask, Harness } from '../../testing/harness';
import { chatIdOf } from './call-identity';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

/** Created, acquired, answered: nothing else has happened when a root's first calls are open. */
const FIRST_CALLS = 3;
/** After the results of the first calls, and the second answer. */
const SECOND_CALLS = 5;

interface Plan {
  /** How the child's model answers. */
  readonly child: Parameters<typeof ask>[0];
  readonly wait?: object;
}

/** A root whose model spawns one child, waits for it, and says "over". */
async function createParent({ child, wait = {} }: Plan): Promise<{ chatId: string; childId: string }> {
  const chatId = randomUUID();
  const childId = chatIdOf(`${chatId}:${FIRST_CALLS}:call_spawn`);
  const steps = [
    [
      {
        id: 'call_spawn',
        name: 'spawn_agent',
        // As text, so that the mock does not take the child's control block for one of the parent's.
        arguments: JSON.stringify({ type: 'general', prompt: ask(child), title: 'Child' })
          .replaceAll('[[', '\\u005b[')
          .replaceAll(']]', '\\u005d]'),
      },
    ],
    [{ id: 'call_wait', name: 'wait_agent', arguments: { chat_id: childId, ...wait } }],
  ];
  const created = await createChat(harness.store, {
    id: chatId,
    organizationId: harness.organizationId,
    ownerId: harness.ownerId,
    title: 'Parent',
    titleSource: 'manual',
    modelConfigId: harness.modelConfigId,
    userMessage: {
      role: 'user',
      content: [{ type: 'text', text: ask({ tool_calls: steps, reply: 'over' }) }],
      createdBy: harness.ownerId,
      modelConfigId: harness.modelConfigId,
    },
  });
  if (!created.ok) throw new Error(created.reason);
  return { chatId, childId };
}

async function results(chatId: string): Promise<[string, Record<string, unknown>][]> {
  const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
  return parts.flatMap((part) =>
    part.type === 'tool-result' ? [[part.tool_name, part.result as Record<string, unknown>]] : [],
  );
}

const children = async (rootChatId: string): Promise<ChatHead[]> =>
  (await readChildren(harness.store.database, { rootChatId, limit: 50, offset: 0 })).children;

const untilWaiting = (chatId: string) =>
  eventually(async () => {
    const head = await harness.head(chatId);
    expect([head.historyVersion, head.openCalls.map((call) => call.tool_name)]).toEqual([
      SECOND_CALLS,
      ['wait_agent'],
    ]);
  });

const slowly = { reply: 'Seven files', chunk_count: 40, chunk_ms: 50 };

describe('a parent', () => {
  it('gets the answer of its child, which ran beside it', async () => {
    await harness.startWorker();
    const { chatId, childId } = await createParent({ child: { reply: 'Seven files' } });
    await harness.until(chatId, 'waiting');
    const [spawned, waited] = await results(chatId);
    expect(spawned).toMatchObject(['spawn_agent', { chat_id: childId, title: 'Child', status: 'running' }]);
    expect(waited).toMatchObject(['wait_agent', { status: 'waiting', report: 'Seven files' }]);
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('over');
  });

  it('that waits lends its place, so that a worker with one place lets the child in', async () => {
    const { worker } = await harness.startWorker({ settings: { maxChats: 1 } });
    const parents = await Promise.all([1, 2, 3].map(() => createParent({ child: slowly })));
    for (const { chatId } of parents) {
      await harness.until(chatId, 'waiting');
      expect((await results(chatId))[1]?.[1]).toMatchObject({ report: 'Seven files' });
    }
    expect(worker.roster.workingCount).toBeLessThanOrEqual(1);
  });

  it('has one child, and its answer, although its worker died while it waited', async () => {
    const first = await harness.startWorker();
    const { chatId, childId } = await createParent({ child: slowly });
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
    const { chatId, childId } = await createParent({ child: { reply: 'Seven files' } });
    await reached;
    await first.stop(0);
    await harness.startWorker();
    await harness.until(chatId, 'waiting');
    expect((await children(chatId)).map((child) => child.id)).toEqual([childId]);
  });

  it('that only waits does not hold up a stop: another worker waits on', async () => {
    const first = await harness.startWorker();
    const { chatId, childId } = await createParent({ child: slowly });
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
    const { chatId, childId } = await createParent({ child: slowly });
    await untilWaiting(chatId);
    await interrupt(harness.store, { chatId });
    await harness.until(chatId, 'waiting');
    expect((await harness.head(childId)).status).toBe('running');
    await harness.until(childId, 'waiting');
    expect((await harness.texts(childId)).at(-1)?.[1]).toBe('Seven files');
  });

  it('is told of a child that failed, and goes on', async () => {
    await harness.startWorker();
    const { chatId } = await createParent({
      child: { reply: 'never', fault: { kind: 'status', status: 401, message: 'bad key' } },
    });
    await harness.until(chatId, 'waiting');
    expect((await results(chatId))[1]?.[1]).toMatchObject({ status: 'error', last_error_kind: 'auth' });
    expect((await harness.texts(chatId)).at(-1)?.[1]).toBe('over');
  });

  it('is told when its patience is over, and the child is left at work', async () => {
    await harness.startWorker();
    const { chatId, childId } = await createParent({ child: slowly, wait: { timeout_seconds: 0 } });
    await harness.until(chatId, 'waiting');
    expect((await results(chatId))[1]?.[1]).toMatchObject({ chat_id: childId, timed_out: true });
    await harness.until(childId, 'waiting');
  });
});
