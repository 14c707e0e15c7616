import { send } from '@parley/chat-state';
import { eventually } from '@parley/testing';
import { ask, connectionError, Harness } from './testing/harness';

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

  it('leaves room for 60 turns at once on a pool of 2 connections', async () => {
    await harness.startWorker({ poolSize: 2 });
    const chats = await Promise.all(
      Array.from({ length: 60 }, (_, index) => harness.createChat({ reply: `answer ${index}` })),
    );
    await Promise.all(chats.map((chatId) => harness.until(chatId, 'waiting')));
    for (const [index, chatId] of chats.entries()) expect(await answers(chatId)).toEqual([`answer ${index}`]);
  });
});
