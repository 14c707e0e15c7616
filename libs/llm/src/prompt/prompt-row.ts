import type { MessagePart, MessageRole } from '@parley/contracts';

/** A stored message as far as a prompt needs it, in the order of ids. Deleted rows are not among them. */
export interface PromptRow {
  readonly id: number;
  readonly role: MessageRole;
  readonly content: readonly MessagePart[];
  readonly visibility: 'user' | 'model' | 'both';
  readonly compressed: boolean;
}

/**
 * The rows a model sees (`chat-api` section 4.2): the newest compressed row is the boundary of a compaction or a clear. It and what
 * comes after it count, and system rows from before it.
 */
export function visibleRows(rows: readonly PromptRow[]): PromptRow[] {
  const forModel = rows.filter((row) => row.visibility !== 'user');
  const boundary = forModel.findLastIndex((row) => row.compressed);
  return forModel.filter((row, index) => {
    if (index === boundary) return true;
    return !row.compressed && (index > boundary || row.role === 'system');
  });
}
