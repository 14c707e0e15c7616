/** How live parts become few and small: adjacent deltas of one kind join, oversized ones are cut. Never in the middle of a character. */
import type { LivePart, MessagePart } from '@parley/contracts';

/** Largest delta in one part, in UTF-16 units. Well below what the bus carries, whatever the encoding makes of it. */
export const MAX_DELTA_LENGTH = 32 * 1024;

/** The two as one part, or null when they do not belong together. */
export function mergeParts(earlier: LivePart, later: LivePart): LivePart | null {
  if (earlier.role !== later.role) return null;
  const part = mergeDeltas(earlier.part, later.part);
  return part === null ? null : { role: earlier.role, part };
}

function mergeDeltas(earlier: MessagePart, later: MessagePart): MessagePart | null {
  const deltas = [deltaOf(earlier), deltaOf(later)] as const;
  if (deltas[0] === null || deltas[1] === null) return null;
  const joined = deltas[0] + deltas[1];
  if (joined.length > MAX_DELTA_LENGTH) return null;
  if (earlier.type === 'tool-call') {
    if (later.type !== 'tool-call' || later.tool_call_id !== earlier.tool_call_id) return null;
    return withDelta(earlier, joined);
  }
  return earlier.type === later.type ? withDelta(earlier, joined) : null;
}

/** The text that a delta adds; null for parts that are not plain deltas. */
export function deltaOf(part: MessagePart): string | null {
  switch (part.type) {
    case 'text':
      return part.provider_metadata === undefined ? part.text : null;
    case 'reasoning':
      return part.completed_at === undefined && part.provider_metadata === undefined ? part.text : null;
    case 'tool-call':
      return part.args === undefined ? (part.args_delta ?? null) : null;
    case 'tool-result':
    case 'source':
    case 'file':
    case 'file-reference':
    case 'context-file':
    case 'skill':
    case 'hook-context':
    case 'hook-notice':
      return null;
  }
}

export function withDelta(part: MessagePart, delta: string): MessagePart {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return { ...part, text: delta };
    case 'tool-call':
      return { ...part, args_delta: delta };
    case 'tool-result':
    case 'source':
    case 'file':
    case 'file-reference':
    case 'context-file':
    case 'skill':
    case 'hook-context':
    case 'hook-notice':
      return part;
  }
}

/** The delta in pieces of at most `maxLength`, no surrogate pair torn apart. */
export function cutDelta(delta: string, maxLength: number = MAX_DELTA_LENGTH): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (delta.length - start > maxLength) {
    const end = start + maxLength - (isHighSurrogate(delta, start + maxLength - 1) ? 1 : 0);
    pieces.push(delta.slice(start, end));
    start = end;
  }
  pieces.push(delta.slice(start));
  return pieces;
}

function isHighSurrogate(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return unit >= 0xd800 && unit <= 0xdbff;
}
