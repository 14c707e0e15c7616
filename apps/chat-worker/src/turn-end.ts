/** When a turn is over without asking the model again. */
import type { TranscriptRow } from '@parley/chat-state';
import { turnSoFar } from './compaction/turn-so-far';

/** A turn of more model calls than this is taken for a loop. */
export const MAX_STEPS_PER_TURN = 1200;

/**
 * True when the last word is the model's already, when a tool that ends turns has a result, or when the model has had all the steps a
 * turn may have. `stopsTurn` tells by their names which tools end turns.
 */
export function isTurnComplete(
  rows: readonly TranscriptRow[],
  stopsTurn: (toolName: string) => boolean,
): boolean {
  const conversation = rows.filter((row) => row.role !== 'system' && !row.compressed);
  if (conversation.at(-1)?.role === 'assistant') return true;
  const lastAnswer = conversation.findLastIndex((row) => row.role !== 'tool');
  const results = conversation.slice(lastAnswer + 1).flatMap((row) => row.content);
  if (results.some((part) => part.type === 'tool-result' && !part.is_error && stopsTurn(part.tool_name)))
    return true;
  return turnSoFar(rows).steps >= MAX_STEPS_PER_TURN;
}
