/**
 * Turns an answer's events, the pacing and a fault into a script: pieces of text, each with the wait before it, and how
 * it ends. Everything random is drawn here, so the planned duration is known before the first byte is sent; a load test
 * subtracts it to see what the system itself cost.
 */
import type { EventStream } from './answer';
import type { Control } from './control';
import { isAlwaysZero, sampleMs } from './distribution';
import type { Fault } from './fault';
import type { Random } from './random';

export interface Piece {
  /** Wait after the piece before it, in milliseconds. */
  waitMs: number;
  text: string;
  /** Content chunks in it: 0 or 1. */
  readonly chunks: number;
}

export type Ending = 'end' | 'hang' | 'reset' | 'endless';

export interface Script {
  readonly pieces: readonly Piece[];
  readonly ending: Ending;
  /** Planned time from the arrival of the request to its last byte. */
  readonly scheduleMs: number;
  /** For an endless script: the next piece, with its wait. */
  readonly more: (() => Piece) | undefined;
}

const MALFORMED_EVENT = 'event: message\ndata: {"type":"message","delta":"this event is cut o\n\n';
const ENDLESS_TEXT = ' and on';
/** An endless stream without pacing would only heat the machine. */
const MIN_ENDLESS_WAIT_MS = 10;

interface Pacing {
  readonly firstByteMs: number;
  readonly waitMs: () => number;
}

function pacingOf(control: Control, fault: Fault | undefined, random: Random): Pacing {
  const chunkMs = control.chunk_ms ?? 0;
  const slow = fault?.kind === 'slow_headers' ? fault.ms : 0;
  return {
    firstByteMs: sampleMs(control.first_byte_ms ?? 0, random) + slow,
    waitMs: isAlwaysZero(chunkMs) ? () => 0 : () => sampleMs(chunkMs, random),
  };
}

/** The content chunks, the opening with the first of them. With `alone` the opening is a piece of its own. */
function contentPieces(events: EventStream, pacing: Pacing, alone: boolean): Piece[] {
  const pieces: Piece[] = events.chunks.map((text, index) => ({
    waitMs: index === 0 ? 0 : pacing.waitMs(),
    text,
    chunks: 1,
  }));
  const first = pieces[0];
  if (alone || first === undefined) pieces.unshift({ waitMs: 0, text: events.opening, chunks: 0 });
  else first.text = events.opening + first.text;
  const start = pieces[0];
  if (start !== undefined) start.waitMs = pacing.firstByteMs;
  return pieces;
}

function append(pieces: Piece[], text: string): void {
  const last = pieces.at(-1);
  if (last === undefined) pieces.push({ waitMs: 0, text, chunks: 0 });
  else last.text += text;
}

function totalWait(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, piece) => sum + piece.waitMs, 0);
}

function script(pieces: readonly Piece[], ending: Ending, more?: () => Piece): Script {
  return { pieces, ending, scheduleMs: totalWait(pieces), more };
}

/** The pieces up to and including content chunk number `count`. */
function keepChunks(pieces: Piece[], count: number): Piece[] {
  let seen = 0;
  const end = pieces.findIndex((piece) => {
    seen += piece.chunks;
    return seen > count;
  });
  return end < 0 ? pieces : pieces.slice(0, end);
}

export interface ScriptInput {
  readonly control: Control;
  readonly fault: Fault | undefined;
  readonly random: Random;
}

export function streamScript(events: EventStream, { control, fault, random }: ScriptInput): Script {
  const pacing = pacingOf(control, fault, random);
  const cutsAt = fault !== undefined && 'after_chunks' in fault ? fault.after_chunks : undefined;
  const pieces = contentPieces(events, pacing, cutsAt === 0);
  const kept = cutsAt === undefined ? pieces : keepChunks(pieces, cutsAt);
  switch (fault?.kind) {
    case 'stall': {
      if (fault.for_ms === undefined) return script(kept, 'hang');
      const next = pieces[kept.length];
      if (next !== undefined) next.waitMs += fault.for_ms;
      else pieces.push({ waitMs: fault.for_ms, text: '', chunks: 0 });
      break;
    }
    case 'reset':
      return script(
        fault.after_chunks === 0 ? [{ waitMs: pacing.firstByteMs, text: '', chunks: 0 }] : kept,
        'reset',
      );
    case 'end_early':
      return script(kept, 'end');
    case 'stream_error': {
      const sent = kept.reduce((sum, piece) => sum + piece.chunks, 0);
      append(kept, events.error({ type: fault.type, message: fault.message, afterChunks: sent }));
      return script(kept, 'end');
    }
    case 'malformed': {
      const last = kept.at(-1);
      if (last !== undefined) last.text += MALFORMED_EVENT;
      break;
    }
    case 'never_ending':
      return script(pieces, 'endless', () => ({
        waitMs: Math.max(MIN_ENDLESS_WAIT_MS, pacing.waitMs()),
        text: events.more(ENDLESS_TEXT),
        chunks: 1,
      }));
    case 'status':
    case 'not_a_stream':
    case 'slow_headers':
    case undefined:
      break;
  }
  append(pieces, events.closing);
  return script(pieces, 'end');
}

/** The script of a reply that is not streamed: the whole body after the time its stream would have taken. */
export function wholeScript(
  body: string,
  chunkCount: number,
  { control, fault, random }: ScriptInput,
): Script {
  const pacing = pacingOf(control, fault, random);
  let waitMs = pacing.firstByteMs;
  for (let index = 1; index < chunkCount; index += 1) waitMs += pacing.waitMs();
  const piece: Piece = { waitMs, text: body, chunks: chunkCount };
  switch (fault?.kind) {
    case 'stall':
      if (fault.for_ms === undefined) return script([], 'hang');
      piece.waitMs += fault.for_ms;
      break;
    case 'never_ending':
      return script([], 'hang');
    case 'reset':
      return script([{ waitMs, text: '', chunks: 0 }], 'reset');
    case 'malformed':
    case 'end_early':
      piece.text = body.slice(0, Math.floor(body.length / 2));
      break;
    case 'stream_error':
    case 'status':
    case 'not_a_stream':
    case 'slow_headers':
    case undefined:
      break;
  }
  return script([piece], 'end');
}
