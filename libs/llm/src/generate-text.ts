import type { MessageUsage } from '@parley/contracts';
import type { FinishReason, ModelClient, ModelRequest } from './model-client';

export interface GeneratedText {
  readonly text: string;
  readonly usage: MessageUsage | undefined;
  readonly finishReason: FinishReason;
}

/**
 * A whole answer as text, for auxiliary calls (titles, labels, summaries). Reasoning and tool calls are left out.
 * @throws ModelError
 */
export async function generateText(
  client: ModelClient,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<GeneratedText> {
  const pieces: string[] = [];
  let usage: MessageUsage | undefined;
  let finishReason: FinishReason = 'other';
  for await (const part of client.stream(request, signal)) {
    if (part.type === 'text-delta') pieces.push(part.text);
    if (part.type === 'usage') usage = part.usage;
    if (part.type === 'finish') finishReason = part.reason;
  }
  return { text: pieces.join('').toWellFormed(), usage, finishReason };
}
