/** Which rows of a transcript are something that somebody said. */
import type { TranscriptRow } from '@parley/chat-state';

/** Not a summary of what came before. A question that was stored again behind one, for the model alone, was said. */
export function isSaid(row: TranscriptRow): boolean {
  if (row.compressed) return false;
  return row.role === 'user' || (row.role === 'assistant' && row.visibility !== 'model');
}
