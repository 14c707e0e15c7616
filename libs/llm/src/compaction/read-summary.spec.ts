import type { ModelClient, ModelStreamPart } from '../model-client';
import { readSummary } from './read-summary';

const saying = (...parts: ModelStreamPart[]): ModelClient => ({
  provider: 'openai',
  modelName: 'fake',
  async *stream(): AsyncGenerator<ModelStreamPart> {
    yield* parts;
  },
});
const text = (value: string): ModelStreamPart => ({ type: 'text-delta', text: value });
const request = { messages: [], tools: [], settings: {} };
const read = (...parts: ModelStreamPart[]): Promise<string | undefined> =>
  readSummary(saying(...parts), request, new AbortController().signal);

describe('a summary', () => {
  it('is the text of the answer, whole or cut at its output limit', async () => {
    expect(await read(text(' one '), text('two\n'), { type: 'finish', reason: 'stop' })).toBe('one two');
    expect(await read(text('cut'), { type: 'finish', reason: 'length' })).toBe('cut');
  });

  it('is none when the model called tools or said nothing', async () => {
    expect(await read(text('Let me see'), { type: 'finish', reason: 'tool-calls' })).toBeUndefined();
    expect(await read(text(' \n'), { type: 'finish', reason: 'stop' })).toBeUndefined();
  });

  it('whose stream ends without its finish is refused, to be asked for again', async () => {
    await expect(read(text('half of it'))).rejects.toMatchObject({ kind: 'timeout', retryable: true });
  });

  it('that was filtered or has no end is refused for good', async () => {
    const filtered = read(text('a'), { type: 'finish', reason: 'content-filter' });
    await expect(filtered).rejects.toMatchObject({ kind: 'content_filter', retryable: false });
    const large = Array.from({ length: 20 }, () => text('x'.repeat(64 * 1024)));
    await expect(read(...large)).rejects.toMatchObject({ kind: 'generic', retryable: false });
  });
});
