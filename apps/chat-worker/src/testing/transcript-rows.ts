/** Rows of a transcript from little, for pure specs. */
import type { TranscriptRow } from '@parley/chat-state';

export function transcriptRows(...rows: readonly Partial<TranscriptRow>[]): TranscriptRow[] {
  return rows.map((row, index) => ({
    id: index + 1,
    chatId: 'c',
    role: 'user',
    content: [],
    visibility: 'both',
    compressed: false,
    createdBy: null,
    modelConfigId: null,
    reasoningEffort: null,
    createdAt: new Date(0),
    revision: 1,
    usage: {},
    ...row,
  }));
}
