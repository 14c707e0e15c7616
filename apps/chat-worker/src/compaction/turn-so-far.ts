/**
 * What a turn has done so far, from its transcript alone, so that a takeover knows it too.
 *
 * A compaction takes the steps before it out of the transcript: their count, and that of the turn's compactions, go with the boundary,
 * as metadata of its text that neither models nor clients get to see. They count for this turn only: a message that people see
 * begins another one.
 */
import type { TranscriptRow } from '@parley/chat-state';
import type { MessagePart } from '@parley/contracts';
import { z } from 'zod';

export interface TurnSoFar {
  /** Answers of the model. */
  readonly steps: number;
  readonly compactions: number;
}

const METADATA_KEY = 'parley';
const storedTurn = z.object({ steps: z.number().int().min(0), compactions: z.number().int().min(0) });
const NOTHING: TurnSoFar = { steps: 0, compactions: 0 };

/** @param rows the newest boundary, if there is one, and what came after it; system rows anywhere */
export function turnSoFar(rows: readonly TranscriptRow[]): TurnSoFar {
  const boundary = rows.findLastIndex((row) => row.compressed);
  const asked = rows.findLastIndex((row) => row.role === 'user' && row.visibility !== 'model');
  const start = Math.max(boundary, asked);
  const steps = rows.slice(start + 1).filter((row) => row.role === 'assistant').length;
  const before = boundary > asked ? readTurn(rows[boundary]) : NOTHING;
  return { steps: before.steps + steps, compactions: before.compactions };
}

/** The content of a boundary that knows the turn before it. */
export function boundaryContent(text: string, turn: TurnSoFar): MessagePart[] {
  return [{ type: 'text', text, provider_metadata: { [METADATA_KEY]: { ...turn } } }];
}

function readTurn(boundary: TranscriptRow | undefined): TurnSoFar {
  const [part] = boundary?.content ?? [];
  if (part?.type !== 'text') return NOTHING;
  const parsed = storedTurn.safeParse(part.provider_metadata?.[METADATA_KEY]);
  return parsed.success ? parsed.data : NOTHING;
}

/** Whether a summary would replace anything. */
export function hasToSummarise(rows: readonly TranscriptRow[]): boolean {
  const boundary = rows.findLastIndex((row) => row.compressed);
  return rows.slice(boundary + 1).some((row) => row.role === 'assistant' || row.role === 'tool');
}

/**
 * The messages of users that no answer has ended yet: those of this turn, and of turns that failed or were stopped before it. A summary
 * must not paraphrase them.
 */
export function unansweredMessages(rows: readonly TranscriptRow[]): TranscriptRow[] {
  const answered = rows.findLastIndex((row) => row.compressed || isFinalAnswer(row));
  return rows.slice(answered + 1).filter((row) => row.role === 'user');
}

function isFinalAnswer({ role, content }: TranscriptRow): boolean {
  return (
    role === 'assistant' &&
    !content.some((part) => part.type === 'tool-call' && part.provider_executed !== true)
  );
}
