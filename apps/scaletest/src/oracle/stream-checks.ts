/**
 * What viewers saw grow, against what was committed: a viewer that was there from before a turn sees its answer part by part. A commit
 * may overtake the last parts of its own step, and nothing is promised to a turn that the run's fault struck.
 *
 * Two rules. Of each answer: it is not committed more than `MAX_AHEAD_MS` of the mock's schedule before it was streamed, and one that takes
 * `PACED_MS` or longer is streamed in part at least. Of a load: however quick its answers are, only so many of them come without the
 * greater part of their stream, so that a platform which streams the first part and nothing more does not pass.
 */
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';
import type { ObservedChat, ObservedTurn, SeenMessage, StreamGap } from './observation';

type ChatFinding = Omit<Finding, 'chatId'>;

/** By the mock's schedule: what a commit may be ahead of the parts of its own step, on a machine that is far too busy. */
const MAX_AHEAD_MS = 1_000;
/**
 * An answer that takes less is given at once: the whole turn may be over before its beginning was told, when the gateway that took the
 * message comes to publish later than the worker, and then its parts and its commit are one event.
 */
const PACED_MS = 100;
/**
 * Of the answers that are given at once, and of the others, so many may lack more than half of their stream. The worst seen of the first
 * was 1.2 % (`rivals`), of the others none of 5,000 at a load average of 20; a platform whose streams stop shows in nearly all.
 */
const MAX_SHARE_AT_ONCE = 0.05;
const MAX_SHARE_PACED = 0.02;
/** A share of a handful says nothing. */
const ALWAYS_ALLOWED = 2;

/** Answers that viewers were there for, and those of them of which more than half was not streamed. */
interface Seen {
  readonly seen: number;
  readonly lacking: number;
}

export function checkStreams(
  { turns, viewers }: ObservedChat,
  history: readonly SeenMessage[],
  blows: readonly Blow[],
): ChatFinding[] {
  if (viewers.every(({ gaps }) => gaps.length === 0)) return [];
  const turnOf = turnsByAnswer(turns, history);
  return viewers.flatMap(({ name, gaps }) =>
    gaps.flatMap((gap): ChatFinding[] => {
      const turn = turnOf.get(gap.messageId);
      if (turn === undefined || !mustStream(turn, gap, blows)) return [];
      const kind = kindOf(turn, gap);
      if (kind === undefined) return [];
      const { streamedLength, committedLength, messageId } = gap;
      const detail = `${name} saw ${streamedLength} of ${committedLength} characters of message ${messageId}`;
      return [{ kind, key: turn.order.key, detail }];
    }),
  );
}

/** Of all chats of a load together. */
export function checkStreamShares(chats: readonly ObservedChat[], blows: readonly Blow[]): Finding[] {
  const atOnce = { seen: 0, lacking: 0 };
  const paced = { seen: 0, lacking: 0 };
  for (const chat of chats) {
    const { history, turns, viewers } = chat;
    if (history === null || viewers.length === 0) continue;
    const turnOf = turnsByAnswer(turns, history);
    for (const { gaps, wholeIds } of viewers) {
      for (const id of wholeIds) {
        const turn = turnOf.get(id);
        if (turn !== undefined && isJudged(turn, blows)) (isPaced(turn) ? paced : atOnce).seen += 1;
      }
      for (const gap of gaps) {
        const turn = turnOf.get(gap.messageId);
        if (turn === undefined || !mustStream(turn, gap, blows)) continue;
        const group = isPaced(turn) ? paced : atOnce;
        group.seen += 1;
        if (gap.streamedLength * 2 < gap.committedLength) group.lacking += 1;
      }
    }
  }
  return [
    ...shareOf(paced, MAX_SHARE_PACED, 'answers'),
    ...shareOf(atOnce, MAX_SHARE_AT_ONCE, 'answers given at once'),
  ];
}

function shareOf({ seen, lacking }: Seen, maxShare: number, what: string): Finding[] {
  if (lacking <= Math.max(ALWAYS_ALLOWED, seen * maxShare)) return [];
  const detail = `of ${lacking} of ${seen} ${what} less than half was streamed; ${maxShare * 100} % may be`;
  return [{ kind: 'answers_not_streamed', chatId: '', detail }];
}

/** Each row by the turn whose message comes last before it. */
function turnsByAnswer(
  turns: readonly ObservedTurn[],
  history: readonly SeenMessage[],
): ReadonlyMap<number, ObservedTurn> {
  const byKey = new Map(turns.map((turn) => [turn.order.key, turn]));
  const byAnswer = new Map<number, ObservedTurn>();
  let turn: ObservedTurn | undefined;
  for (const { id, role, key } of history) {
    if (role === 'user') turn = byKey.get(key ?? '');
    else if (turn !== undefined) byAnswer.set(id, turn);
  }
  return byAnswer;
}

function mustStream(turn: ObservedTurn, { attachedAtMs }: StreamGap, blows: readonly Blow[]): boolean {
  return attachedAtMs < turn.sentAtMs && isJudged(turn, blows);
}

function isJudged(turn: ObservedTurn, blows: readonly Blow[]): boolean {
  if (turn.ending !== 'complete' || turn.outcome !== 'done') return false;
  const [fromMs, toMs] = [turn.sentAtMs, turn.doneAtMs].map((atMs) => atMs + performance.timeOrigin);
  return !blows.some((blow) => isStruck(blow, fromMs ?? 0, toMs ?? 0));
}

const isPaced = ({ order: { shape } }: ObservedTurn): boolean =>
  (shape.chunks - 1) * shape.chunkMs >= PACED_MS;

function kindOf(turn: ObservedTurn, gap: StreamGap): 'answer_unstreamed' | 'stream_cut' | undefined {
  if (gap.streamedLength === 0 && isPaced(turn)) return 'answer_unstreamed';
  const { chunkSize, chunkMs } = turn.order.shape;
  const missing = (gap.committedLength - gap.streamedLength) / chunkSize;
  return missing * chunkMs > MAX_AHEAD_MS ? 'stream_cut' : undefined;
}
