/**
 * What viewers saw grow, against what was committed: a viewer that was there from before a turn sees its answer part by part. A commit
 * may overtake the last parts of its own step, and nothing is promised to a turn that the run's fault struck.
 */
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';
import type { ObservedChat, ObservedTurn, SeenMessage, StreamGap } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

/** By the mock's schedule: what a commit may be ahead of the parts of its own step, on a machine that is far too busy. */
const MAX_AHEAD_MS = 1_000;

export function checkStreams(
  { turns, viewers }: ObservedChat,
  history: readonly SeenMessage[],
  blows: readonly Blow[],
): ChatFinding[] {
  const byKey = new Map(turns.map((turn) => [turn.order.key, turn]));
  return viewers.flatMap(({ name, gaps }) =>
    gaps.flatMap((gap): ChatFinding[] => {
      const turn = byKey.get(keyBefore(history, gap.messageId) ?? '');
      if (turn === undefined || !mustStream(turn, gap, blows)) return [];
      const kind = kindOf(turn, gap);
      if (kind === undefined) return [];
      const { streamedLength, committedLength, messageId } = gap;
      const detail = `${name} saw ${streamedLength} of ${committedLength} characters of message ${messageId}`;
      return [{ kind, key: turn.order.key, detail }];
    }),
  );
}

function keyBefore(history: readonly SeenMessage[], messageId: number): string | undefined {
  return history.findLast(({ id, role }) => role === 'user' && id < messageId)?.key;
}

function mustStream(turn: ObservedTurn, { attachedAtMs }: StreamGap, blows: readonly Blow[]): boolean {
  if (turn.ending !== 'complete' || turn.outcome !== 'done' || attachedAtMs >= turn.sentAtMs) return false;
  const [fromMs, toMs] = [turn.sentAtMs, turn.doneAtMs].map((atMs) => atMs + performance.timeOrigin);
  return !blows.some((blow) => isStruck(blow, fromMs ?? 0, toMs ?? 0));
}

function kindOf({ order }: ObservedTurn, gap: StreamGap): 'answer_unstreamed' | 'stream_cut' | undefined {
  if (gap.streamedLength === 0) return 'answer_unstreamed';
  const missing = (gap.committedLength - gap.streamedLength) / order.shape.chunkSize;
  return missing * order.shape.chunkMs > MAX_AHEAD_MS ? 'stream_cut' : undefined;
}
