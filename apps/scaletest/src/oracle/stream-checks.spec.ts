import { healthyCalls, healthyChat, observedTurn } from '../testing/evidence';
import type { Blow } from './blow';
import { judge } from './judge';
import type { ObservedTurn, StreamGap } from './observation';

const SLOW = { chunks: 20, chunkSize: 20, chunkMs: 100, firstByteMs: 0 };
const GAP: StreamGap = { messageId: 2, attachedAtMs: 5, streamedLength: 0, committedLength: 400 };

const turnWith = (key: string, chunkMs: number): ObservedTurn => ({
  ...observedTurn(key),
  order: { key, shape: { ...SLOW, chunkMs }, toolSteps: [] },
});

describe('an answer', () => {
  function judged(change: Partial<StreamGap>, { blows = [], chunkMs = 100 }: Judged = {}): string[] {
    const turn = turnWith('a/0', chunkMs);
    const chat = healthyChat([turn]);
    const viewers = chat.viewers.map((viewer) => ({ ...viewer, gaps: [{ ...GAP, ...change }] }));
    return judge([{ ...chat, viewers }], healthyCalls([turn]), blows).findings.map(({ kind }) => kind);
  }
  interface Judged {
    readonly blows?: readonly Blow[];
    readonly chunkMs?: number;
  }

  it('is streamed to those who were there before, to a second before its commit', () => {
    expect(judged({})).toEqual(['answer_unstreamed']);
    expect(judged({ attachedAtMs: 15 })).toEqual([]);
    expect(judged({ streamedLength: 100 })).toEqual(['stream_cut']);
    expect(judged({ streamedLength: 200 })).toEqual([]);
  });

  it('that is given at once may come as a whole', () => {
    expect(judged({}, { chunkMs: 5 })).toEqual([]);
    expect(judged({}, { chunkMs: 6 })).toEqual(['answer_unstreamed']);
  });

  it('need not be streamed while a blow lasts', () => {
    const atMs = performance.timeOrigin;
    const blow = { what: 'crash nats', atMs, untilMs: atMs + 15, regenerations: 0, mayRefuse: true };
    expect(judged({}, { blows: [blow] })).toEqual([]);
    expect(judged({}, { blows: [{ ...blow, atMs: atMs + 60_000, untilMs: atMs + 61_000 }] })).toEqual([
      'answer_unstreamed',
    ]);
  });
});

describe('the answers of a load', () => {
  /** A hundred answers, of some of which only a beginning was streamed. */
  function judged(chunkMs: number, lacking: number, blows: readonly Blow[] = []): string[] {
    const chats = Array.from({ length: 100 }, (_, index) => {
      const chat = healthyChat([turnWith(`a/${index}`, chunkMs)]);
      const streamed = index < lacking ? { gaps: [{ ...GAP, streamedLength: 180 }] } : { wholeIds: [2] };
      return { ...chat, viewers: chat.viewers.map((viewer) => ({ ...viewer, ...streamed })) };
    });
    return judge(chats, null, blows).findings.map(({ detail }) => detail);
  }

  it('are streamed to their greater part but for a few', () => {
    expect(judged(10, 2)).toEqual([]);
    expect(judged(10, 3)).toEqual(['of 3 of 100 answers less than half was streamed; 2 % may be']);
  });

  it('may lack it more often when they are given at once', () => {
    expect(judged(0, 5)).toEqual([]);
    expect(judged(0, 6)).toEqual([
      'of 6 of 100 answers given at once less than half was streamed; 5 % may be',
    ]);
  });

  it('are not judged while a blow lasts', () => {
    const atMs = performance.timeOrigin;
    expect(
      judged(10, 50, [{ what: 'roll all', atMs, untilMs: atMs + 15, regenerations: 1, mayRefuse: true }]),
    ).toEqual([]);
  });
});
