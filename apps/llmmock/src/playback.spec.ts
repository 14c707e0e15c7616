import type { ServerResponse } from 'node:http';
import { Writable } from 'node:stream';
import { Playback } from './playback';
import type { Piece, Script } from './script';

/** A response that records when what was written, and is full when told to. */
class RecordedResponse extends Writable {
  headersSent = false;
  readonly writes: [number, string][] = [];
  isFull = false;
  isEnded = false;

  writeHead(): void {
    this.headersSent = true;
  }
  override write(text: unknown): boolean {
    this.writes.push([performance.now(), String(text)]);
    return !this.isFull;
  }
  override end(text?: unknown): this {
    this.writes.push([performance.now(), String(text)]);
    this.isEnded = true;
    return this;
  }
}

interface Played {
  readonly response: RecordedResponse;
  readonly playback: Playback;
}

/** How much later than the timers the clock is. */
let lateMs = 0;

function play(
  pieces: Piece[],
  options: { ending?: Script['ending']; more?: () => Piece; isFull?: boolean } = {},
): Played {
  const response = new RecordedResponse();
  response.isFull = options.isFull ?? false;
  const now = (): number => performance.now() + lateMs;
  const playback = new Playback({
    response: response as unknown as ServerResponse,
    script: { pieces, ending: options.ending ?? 'end', scheduleMs: 0, more: options.more },
    status: 200,
    headers: {},
    now,
    startedAt: now(),
    events: { onWrite: () => undefined, onEnd: () => undefined },
  });
  playback.start();
  return { response, playback };
}
const texts = ({ writes }: RecordedResponse): string[] => writes.map(([, text]) => text);
const piece = (waitMs: number, text: string): Piece => ({ waitMs, text, chunks: 1 });

describe('playback', () => {
  beforeEach(() => {
    lateMs = 0;
    jest.useFakeTimers();
  });
  afterEach(() => jest.useRealTimers());

  test('a script without waits is one write and no timer', () => {
    const { response } = play([piece(0, 'a'), piece(0, 'b'), piece(0, 'c')]);
    expect(texts(response)).toEqual(['abc']);
    expect(response.isEnded).toBe(true);
    expect(jest.getTimerCount()).toBe(0);
  });

  test('each piece leaves when it is due, with one timer at a time', () => {
    const { response } = play([piece(10, 'a'), piece(20, 'b'), piece(0, 'c'), piece(5, 'd')]);
    expect(response.headersSent).toBe(false);
    const start = performance.now();
    while (!response.isEnded) {
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(1);
    }
    expect(response.writes.map(([at, text]) => [at - start, text])).toEqual([
      [10, 'a'],
      [30, 'bc'],
      [35, 'd'],
    ]);
  });

  test('after a late timer the stream catches up and does not stretch', () => {
    const { response } = play([piece(0, 'a'), piece(10, 'b'), piece(10, 'c'), piece(10, 'd')]);
    lateMs = 15;
    jest.advanceTimersByTime(10);
    expect(texts(response)).toEqual(['a', 'bc']);
    jest.advanceTimersByTime(5);
    expect(texts(response)).toEqual(['a', 'bc', 'd']);
  });

  test('a long script without waits leaves in several writes', () => {
    const { response } = play(Array.from({ length: 4 }, () => piece(0, 'x'.repeat(40_000))));
    expect(texts(response).map((text) => text.length)).toEqual([80_000, 80_000]);
  });

  test('nothing is written into a full socket until it drains', () => {
    const { response } = play([piece(0, 'a'), piece(10, 'b'), piece(10, 'c')], { isFull: true });
    jest.advanceTimersByTime(100);
    expect(texts(response)).toEqual(['a']);
    response.emit('drain');
    expect(texts(response)).toEqual(['a', 'bc']);
  });

  test('when stopped it leaves no timer and writes no more', () => {
    const { response, playback } = play([piece(0, 'a')], { ending: 'endless', more: () => piece(10, 'z') });
    jest.advanceTimersByTime(35);
    expect(texts(response).join('')).toBe('azzz');
    playback.stop();
    expect(jest.getTimerCount()).toBe(0);
  });
});
