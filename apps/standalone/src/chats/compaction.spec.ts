import { ChatView, openStream } from '@parley/client';
import type { ToolResultPart } from '@parley/contracts';
import { formatControlBlock, type ControlInput } from '@parley/llmmock';
import { eventually } from '@parley/testing';
import { ObservedSystem } from '../observability/testing/observed-system';

let system: ObservedSystem;
beforeAll(async () => {
  system = await ObservedSystem.start();
});
afterAll(() => system.stop());

/** A chat that somebody watches, with one answer. */
async function watched(
  control: ControlInput,
): Promise<{ chatId: string; view: ChatView; stop: () => Promise<void> }> {
  const { client, organizationId } = system;
  const chat = await client.createChat({ organizationId, content: formatControlBlock(control) });
  const stopping = new AbortController();
  const view = new ChatView();
  const watching = (async () => {
    for await (const event of openStream(client, { chatId: chat.id, signal: stopping.signal }))
      view.apply(event);
  })().catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
  });
  await eventually(() => expect([view.status, view.messages.length]).toEqual(['waiting', 2]));
  const stop = async (): Promise<void> => {
    stopping.abort();
    await watching;
  };
  return { chatId: chat.id, view, stop };
}

const resultOf = (view: ChatView): unknown =>
  view.messages
    .flatMap(({ content }) => content)
    .find((part): part is ToolResultPart => part.type === 'tool-result')?.result;

describe('A compaction that is asked for over HTTP', () => {
  it('is seen by who watches as a call and its result; the next answer knows only the summary', async () => {
    const { client } = system;
    const { chatId, view, stop } = await watched({ reply: 'one', summary: { reply: 'in short' } });
    expect(await client.compact(chatId)).toMatchObject({ id: chatId, status: 'running' });
    await eventually(() => expect(resultOf(view)).toMatchObject({ source: 'manual', summary: 'in short' }));
    await eventually(() => expect(view.status).toBe('waiting'));
    await expect(client.compact(chatId)).rejects.toMatchObject({ status: 409 });
    await client.sendMessage(chatId, { content: formatControlBlock({ reply: 'two' }) });
    await eventually(() => expect(view.messages.at(-1)?.content).toEqual([{ type: 'text', text: 'two' }]));
    expect(view.messages).toEqual(await client.readHistory(chatId));
    await stop();
  });

  it('leaves nothing on the screen when it is interrupted', async () => {
    const { client } = system;
    const summary = { reply: 'word '.repeat(400), chunk_count: 400, chunk_ms: 20 };
    const { chatId, view, stop } = await watched({ reply: 'one', summary });
    await client.compact(chatId);
    await eventually(() => expect(JSON.stringify(view.preview?.messages)).toContain('chat_summarized'));
    await client.interrupt(chatId);
    await eventually(() => expect(view.status).toBe('waiting'));
    await eventually(() => expect(view.preview).toBeUndefined());
    expect(view.messages).toHaveLength(2);
    await stop();
  });
});
