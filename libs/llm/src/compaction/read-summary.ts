import { ModelError } from '../errors';
import type { FinishReason, ModelClient, ModelRequest } from '../model-client';

/** Far beyond any output limit; a stream without end must not fill the memory. */
const MAX_SUMMARY_CHARACTERS = 1024 * 1024;

/**
 * The summary that a model writes; undefined when it did something else (it called tools, or said nothing). One that was cut at its output
 * limit is taken. A stream without its finish is refused: half a summary would silently lose the other half of the history.
 * @throws ModelError
 */
export async function readSummary(
  client: ModelClient,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { provider } = client;
  const pieces: string[] = [];
  let characters = 0;
  let finish: FinishReason | undefined;
  for await (const part of client.stream(request, signal)) {
    if (part.type === 'finish') finish = part.reason;
    if (part.type !== 'text-delta') continue;
    characters += part.text.length;
    if (characters > MAX_SUMMARY_CHARACTERS) {
      const detail = `The summary has more than ${MAX_SUMMARY_CHARACTERS} characters.`;
      throw new ModelError({ kind: 'generic', retryable: false, provider, detail });
    }
    pieces.push(part.text);
  }
  switch (finish) {
    case undefined:
      throw new ModelError({
        kind: 'timeout',
        retryable: true,
        provider,
        detail: 'The summary ended before its finish.',
      });
    case 'content-filter':
      throw new ModelError({ kind: 'content_filter', retryable: false, provider });
    case 'tool-calls':
      return undefined;
    case 'stop':
    case 'length':
    case 'other': {
      const summary = pieces.join('').toWellFormed().trim();
      return summary === '' ? undefined : summary;
    }
  }
}
