/** What a viewer's stream says of a turn: whether it has ended, and when that was told. */
import type { StreamFold } from '../oracle/stream-fold';
import type { Turn } from './turn';

/** Undefined: it goes on. `atMs`: `performance.now()`; undefined: before now, nobody said when. */
export type TurnEnd =
  | { readonly kind: 'done'; readonly atMs: number | undefined }
  | { readonly kind: 'failed'; readonly failure: string };

export function endOf(turn: Turn, fold: StreamFold): TurnEnd | undefined {
  const userId = fold.userIds.get(turn.order.key);
  if (userId === undefined) return undefined;
  const isSummarised = fold.lastSummaryId > userId || turn.order.compaction !== 'manual' || !turn.isCompacted;
  const isAnswered = (fold.lastAnswerId > userId && isSummarised) || turn.ending === 'cut';
  const toldAtMs = Math.max(fold.statusAtMs, fold.isLastAnswerFinal ? fold.lastAnswerAtMs : 0);
  if (fold.status === 'waiting' && isAnswered && toldAtMs >= turn.sentAtMs)
    return { kind: 'done', atMs: toldAtMs };
  if (fold.lastUserId > userId) return { kind: 'done', atMs: undefined };
  return fold.status === 'error' && fold.statusAtMs >= turn.sentAtMs
    ? { kind: 'failed', failure: fold.error ?? 'the chat is in error' }
    : undefined;
}

/** It is the newest turn, and live parts have come since it was sent. */
export const hasParts = (turn: Turn, fold: StreamFold): boolean =>
  fold.lastPartAtMs >= turn.sentAtMs && fold.lastUserId === fold.userIds.get(turn.order.key);
