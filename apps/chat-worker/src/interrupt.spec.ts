import { createInProcessBus } from '@parley/bus';
import { edit, interrupt, send } from '@parley/chat-state';
import type { ModelClient, ModelStreamPart, ResolvedModel } from '@parley/llm';
import { eventually } from '@parley/testing';
import { ask, Harness } from './testing/harness';
import { testTool } from './testing/test-tool';

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.open();
});
afterEach(() => harness.stopWorkers());
afterAll(() => harness.close());

const endless = (key: string, reply = 'word '.repeat(400)): Parameters<typeof ask>[0] => ({
  key,
  reply,
  chunk_count: 400,
  chunk_ms: 10,
  fault: { kind: 'never_ending' },
});

async function closedAt(key: string): Promise<number> {
  return eventually(async () => {
    const entry = (await harness.ledger()).find((each) => each.key === key);
    if (entry?.closed_by_client_at == null) throw new Error('still open');
    return entry.closed_by_client_at;
  });
}

/** A model that says one word and then waits to be aborted, and reacts to that in its own way. */
function stubbornModel(onAbort: () => void): ResolvedModel {
  const client: ModelClient = {
    provider: 'openai-compat',
    modelName: 'stubborn',
    async *stream(_request, signal): AsyncGenerator<ModelStreamPart> {
      yield { type: 'text-delta', text: 'one word' };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      onAbort();
    },
  };
  return {
    modelConfigId: harness.modelConfigId,
    organizationId: harness.organizationId,
    providerId: harness.organizationId,
    provider: 'openai-compat',
    modelName: 'stubborn',
    contextLimit: 1000,
    compressionThreshold: 80,
    callConfig: {},
    prices: {},
    client,
  };
}

describe('an interrupt', () => {
  it.each<[string, () => void]>([
    ['ends', () => undefined],
    [
      'throws its abort',
      () => {
        throw new DOMException('This operation was aborted', 'AbortError');
      },
    ],
    [
      'throws something else',
      () => {
        throw new Error('socket hang up');
      },
    ],
  ])('keeps the text of a provider that just %s', async (_name, onAbort) => {
    await harness.startWorker({ models: { resolve: () => Promise.resolve(stubbornModel(onAbort)) } });
    const chatId = await harness.createChat('anything');
    await harness.partsOf(chatId, 1);
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    expect(await harness.texts(chatId)).toEqual([
      ['user', 'anything'],
      ['assistant', 'one word'],
    ]);
  });

  it.each<[string, Error]>([
    ['for now', Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })],
    ['for good', new Error('no')],
  ])('that was not heard before the provider failed %s keeps the text', async (_name, failure) => {
    let fail = (): void => undefined;
    const model = stubbornModel(() => undefined);
    const failing: ModelClient = {
      ...model.client,
      async *stream(): AsyncGenerator<ModelStreamPart> {
        yield { type: 'text-delta', text: 'one word' };
        await new Promise<void>((resolve) => (fail = resolve));
        throw failure;
      },
    };
    await harness.startWorker({
      models: { resolve: () => Promise.resolve({ ...model, client: failing }) },
      settings: { sweepMs: 60_000 },
    });
    const chatId = await harness.createChat('anything');
    await harness.partsOf(chatId, 1);
    const unheard = { database: harness.store.database, bus: createInProcessBus() };
    expect(await interrupt(unheard, { chatId, ownerId: harness.ownerId })).toMatchObject({ ok: true });
    fail();
    await harness.until(chatId, 'waiting');
    expect(await harness.texts(chatId)).toEqual([
      ['user', 'anything'],
      ['assistant', 'one word'],
    ]);
  });

  it('that was not heard before the commit of the answer failed keeps the text', async () => {
    const unheard = { database: harness.store.database, bus: createInProcessBus() };
    let chatId = '';
    let failures = 1;
    await harness.startWorker({
      settings: { sweepMs: 60_000 },
      around: async (name, run) => {
        if (name !== 'finish_turn' || failures === 0) return run();
        failures -= 1;
        expect(await interrupt(unheard, { chatId, ownerId: harness.ownerId })).toMatchObject({ ok: true });
        throw new Error('the commit panicked');
      },
    });
    chatId = await harness.createChat({ reply: 'all of the answer', first_byte_ms: 100 });
    await harness.until(chatId, 'waiting');
    expect(failures).toBe(0);
    expect((await harness.texts(chatId)).at(-1)).toEqual(['assistant', 'all of the answer']);
  });

  it('while the worker stops is finished by it, with the text', async () => {
    const member = await harness.startWorker();
    const chatId = await harness.createChat(endless('stopping'));
    await harness.partsOf(chatId, 2);
    const stopped = member.stop(20_000);
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await stopped;
    const head = await harness.head(chatId);
    expect(head).toMatchObject({ status: 'waiting', workerId: null });
    expect((await harness.texts(chatId))[1]?.[1]).toMatch(/^word /);
  });

  it("closes the model's socket within 250 ms and commits what viewers saw", async () => {
    await harness.startWorker({ settings: { sweepMs: 60_000 } });
    /** How long the socket stayed open. */
    const cut = async (key: string): Promise<number> => {
      const chatId = await harness.createChat(endless(key));
      await harness.partsOf(chatId, 3);
      const askedAt = Date.now();
      expect((await interrupt(harness.store, { chatId, ownerId: harness.ownerId })).ok).toBe(true);
      const openMs = (await closedAt(key)) - askedAt;
      await harness.until(chatId, 'waiting');
      const [, answer] = await harness.texts(chatId);
      const streamed = harness.parts
        .filter((batch) => batch.chat_id === chatId)
        .flatMap((batch) => batch.parts)
        .map(({ part }) => (part.type === 'text' ? part.text : ''))
        .join('');
      expect(answer).toEqual(['assistant', streamed]);
      expect(streamed.length).toBeGreaterThan(0);
      return openMs;
    };
    // The quickest of some, since a machine may stand still for a moment.
    let quickestMs = Infinity;
    for (let attempt = 1; attempt <= 10 && quickestMs >= 250; attempt += 1)
      quickestMs = Math.min(quickestMs, await cut(`cut-${attempt}`));
    expect(quickestMs).toBeLessThan(250);
  });

  it('lets the next message of the queue run at once', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat(endless('cut-queue'));
    await harness.partsOf(chatId, 1);
    const sent = await send(harness.store, {
      chatId,
      ownerId: harness.ownerId,
      content: [{ type: 'text', text: ask({ reply: 'the other thing' }) }],
      busyBehavior: 'interrupt',
    });
    expect(sent.ok).toBe(true);
    await harness.until(chatId, 'waiting');
    const texts = await harness.texts(chatId);
    expect(texts.map(([role]) => role)).toEqual(['user', 'assistant', 'user', 'assistant']);
    expect(texts[1]?.[1]).toMatch(/^word /);
    expect(texts[3]?.[1]).toBe('the other thing');
  });

  it('of a chat that waits to be asked again ends it at once', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat({
      key: 'waits',
      reply: 'never',
      fault: { kind: 'status', status: 429, retry_after_s: 60 },
    });
    await eventually(async () => expect((await harness.head(chatId)).retry).not.toBeNull());
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    expect(await harness.texts(chatId)).toHaveLength(1);
  });

  it('in the middle of tools keeps results that are there and cancels the others', async () => {
    let finishSlow: (() => void) | undefined;
    const quick = testTool('quick', () => Promise.resolve({ fine: true }));
    const slow = testTool(
      'slow',
      (_args, { signal }) =>
        new Promise((_resolve, reject) => {
          finishSlow = () => reject(new Error('stopped'));
          signal.addEventListener('abort', finishSlow, { once: true });
        }),
    );
    await harness.startWorker({ tools: [quick, slow] });
    const chatId = await harness.createChat({
      tool_calls: [
        [
          { name: 'quick', arguments: {} },
          { name: 'slow', arguments: {} },
        ],
      ],
    });
    await eventually(() => expect(finishSlow).toBeDefined());
    await interrupt(harness.store, { chatId, ownerId: harness.ownerId });
    await harness.until(chatId, 'waiting');
    const results = (await harness.messages(chatId))
      .flatMap((message) => message.content)
      .filter((part) => part.type === 'tool-result');
    expect(results.map((part) => [part.tool_name, part.is_error ?? false])).toEqual([
      ['quick', false],
      ['slow', true],
    ]);
  });

  it('that an edit overtakes drops the partial answer', async () => {
    await harness.startWorker();
    const chatId = await harness.createChat(endless('edited'));
    await harness.partsOf(chatId, 2);
    const [question] = await harness.messages(chatId);
    const edited = await edit(harness.store, {
      chatId,
      ownerId: harness.ownerId,
      messageId: question?.id ?? 0,
      content: [{ type: 'text', text: ask({ reply: 'to the new question' }) }],
    });
    expect(edited.ok).toBe(true);
    await closedAt('edited');
    await harness.until(chatId, 'waiting');
    const texts = await harness.texts(chatId);
    expect(texts).toHaveLength(2);
    expect(texts[1]).toEqual(['assistant', 'to the new question']);
  });
});
