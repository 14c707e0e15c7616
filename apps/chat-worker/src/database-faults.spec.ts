import { send } from '@parley/chat-state';
import { sql } from '@parley/database';
import { eventually } from '@parley/testing';
import { ask, connectionError, Harness } from './testing/harness';
import { testTool } from './testing/test-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

async function answers(chatId: string): Promise<string[]> {
  return (await harness.texts(chatId)).filter(([role]) => role === 'assistant').map(([, text]) => text);
}

async function requests(key: string): Promise<number> {
  return (await harness.ledger()).filter((entry) => entry.key === key).length;
}

async function follow(chatId: string, text: string): Promise<void> {
  const content = [{ type: 'text' as const, text }];
  const { ownerId } = harness;
  const sent = await send(harness.store, { chatId, ownerId, content, busyBehavior: 'queue' });
  expect(sent.ok).toBe(true);
}

const look = testTool('look', () => Promise.resolve({ seen: true }));
const askClient = { name: 'ask_client', description: '', input_schema: { type: 'object', properties: {} } };

const passDeadlines = sql('test_pass_deadlines', 'update chats set action_deadline_at = now() where id = $1');

describe('a fault of the database', () => {
  it('inside the commit of a step ends the turn in an error, and the next message works', async () => {
    let failures = 1;
    await harness.startWorker({
      around: (name, run) => {
        if (name !== 'finish_turn' || failures === 0) return run();
        failures -= 1;
        return Promise.reject(new Error('the commit panicked'));
      },
    });
    const chatId = await harness.createChat({ reply: 'lost' });
    const failed = await harness.until(chatId, 'error');
    expect(failed.lastError).toMatchObject({ kind: 'generic', retryable: false });
    expect(failed.lastError?.message).not.toContain('panicked');
    await follow(chatId, ask({ reply: 'kept' }));
    await harness.until(chatId, 'waiting');
    expect(await answers(chatId)).toEqual(['kept']);
  });

  it.each<[string, string, string]>([
    ['of a step with local calls', 'commit_step', 'look'],
    ['of a step that asks the client', 'enter_action', 'ask_client'],
  ])(
    'inside the commit %s ends the turn in an error, and the next message works',
    async (_what, statement, tool) => {
      let failures = 1;
      await harness.startWorker({
        tools: [look],
        around: (name, run) => {
          if (name !== statement || failures === 0) return run();
          failures -= 1;
          return Promise.reject(new Error('the commit panicked'));
        },
      });
      const chatId = await harness.createChat(
        { tool_calls: [[{ name: tool, arguments: {} }]], reply: 'never' },
        { dynamicTools: [askClient] },
      );
      const failed = await harness.until(chatId, 'error');
      expect(failures).toBe(0);
      expect(failed).toMatchObject({ openCalls: [], lastError: { kind: 'generic', retryable: false } });
      await follow(chatId, ask({ reply: 'works again' }));
      await harness.until(chatId, 'waiting');
      expect(await answers(chatId)).toEqual(['works again']);
    },
  );

  it('inside the commit of results leaves no call without one', async () => {
    await harness.startWorker({
      tools: [look],
      around: (name, run) =>
        name === 'commit_results' ? Promise.reject(new Error('the commit panicked')) : run(),
    });
    const chatId = await harness.createChat({
      tool_calls: [[{ name: 'look', arguments: {} }]],
      reply: 'never',
    });
    expect((await harness.until(chatId, 'error')).openCalls).toHaveLength(1);
    await follow(chatId, ask({ reply: 'works again' }));
    await harness.until(chatId, 'waiting');
    const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
    expect(parts.flatMap((part) => (part.type === 'tool-result' ? [part.is_error] : []))).toEqual([true]);
    expect((await answers(chatId)).at(-1)).toBe('works again');
  });

  it('that also keeps the error from being stored only delays it', async () => {
    let failures = 3;
    await harness.startWorker({
      around: (name, run) => {
        if (!['finish_turn', 'fail'].includes(name) || failures === 0) return run();
        failures -= 1;
        return Promise.reject(new Error('no luck'));
      },
    });
    const chatId = await harness.createChat({ reply: 'lost' });
    await harness.until(chatId, 'error');
    expect(failures).toBe(0);
  });

  it('that loses the answer to a commit commits it once', async () => {
    let losses = 1;
    await harness.startWorker({
      around: async (name, run) => {
        const result = await run();
        if (name !== 'finish_turn' || losses === 0) return result;
        losses -= 1;
        throw connectionError();
      },
    });
    const chatId = await harness.createChat({ key: 'ambiguous', reply: 'once' });
    await harness.until(chatId, 'waiting');
    await follow(chatId, ask({ key: 'ambiguous-2', reply: 'twice' }));
    await eventually(async () => expect(await answers(chatId)).toEqual(['once', 'twice']));
    expect(losses).toBe(0);
    expect(await requests('ambiguous')).toBe(1);
    expect((await harness.ledger()).find((entry) => entry.key === 'ambiguous-2')?.message_count).toBe(3);
  });

  it('that is away for a while delays the commit', async () => {
    let failures = 4;
    await harness.startWorker({
      around: (name, run) => {
        if (name !== 'finish_turn' || failures === 0) return run();
        failures -= 1;
        return Promise.reject(connectionError());
      },
    });
    const chatId = await harness.createChat({ key: 'away', reply: 'patience' });
    await harness.until(chatId, 'waiting');
    expect(await answers(chatId)).toEqual(['patience']);
    expect(await requests('away')).toBe(1);
  });

  it.each([
    ['kept by its worker', 30_000],
    ['owned by nobody', 0],
  ])(
    'at the cancelling of an action past its deadline, %s, only delays it',
    async (_whose, idleOwnershipMs) => {
      let failures = 2;
      await harness.startWorker({
        around: (name, run) => {
          if (name !== 'cancel_action' || failures === 0) return run();
          failures -= 1;
          return Promise.reject(new Error('no luck'));
        },
        settings: { sweepMs: 20, idleOwnershipMs },
      });
      const chatId = await harness.createChat(
        { tool_calls: [[{ name: 'ask_client', arguments: {} }]], reply: 'nobody answered' },
        { dynamicTools: [askClient] },
      );
      await harness.until(chatId, 'requires_action');
      if (idleOwnershipMs === 0)
        await eventually(async () => expect((await harness.head(chatId)).workerId).toBeNull());
      await harness.store.database.query(passDeadlines, [chatId]);
      await harness.until(chatId, 'waiting');
      expect(failures).toBe(0);
      const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
      const [result] = parts.filter((part) => part.type === 'tool-result');
      expect(result).toMatchObject({ tool_name: 'ask_client', is_error: true });
      expect((await answers(chatId)).at(-1)).toBe('nobody answered');
    },
  );

  it('leaves room for 60 turns at once on a pool of 2 connections', async () => {
    await harness.startWorker({ poolSize: 2 });
    const chats = await Promise.all(
      Array.from({ length: 60 }, (_, index) => harness.createChat({ reply: `answer ${index}` })),
    );
    await Promise.all(chats.map((chatId) => harness.until(chatId, 'waiting')));
    for (const [index, chatId] of chats.entries()) expect(await answers(chatId)).toEqual([`answer ${index}`]);
  });
});
