import type { MessageRole, StreamEvent } from '@parley/contracts';
import { StreamFold } from './stream-fold';

const CHAT = '00000000-0000-0000-0000-000000000001';

const part = (seq: number, text: string, historyVersion = 2, attempt = 1): StreamEvent => ({
  type: 'message_part',
  chat_id: CHAT,
  message_part: {
    role: 'assistant',
    part: { type: 'text', text },
    history_version: historyVersion,
    generation_attempt: attempt,
    seq,
  },
});

const message = (id: number, role: MessageRole, text: string): StreamEvent => ({
  type: 'message',
  chat_id: CHAT,
  message: {
    id,
    chat_id: CHAT,
    role,
    created_at: '2026-01-01T00:00:00Z',
    content: [{ type: 'text', text }],
  },
});

const status = (value: 'running' | 'waiting'): StreamEvent => ({
  type: 'status',
  chat_id: CHAT,
  status: { status: value },
});
const reset: StreamEvent = { type: 'preview_reset', chat_id: CHAT };

function fold(...events: StreamEvent[]): StreamFold {
  const made = new StreamFold();
  events.forEach((event, index) => made.apply(event, index));
  return made;
}

const kinds = (...events: StreamEvent[]): string[] => fold(...events).findings.map(({ kind }) => kind);

const TURN = [message(1, 'user', 'q'), status('running'), part(1, 'He'), part(2, 'llo')];

describe('following a stream', () => {
  it('finds nothing wrong with a turn streamed and committed', () => {
    const followed = fold(...TURN, message(2, 'assistant', 'Hello'), status('waiting'), reset);
    expect(followed.findings).toEqual([]);
    expect(followed).toMatchObject({ status: 'waiting', statusAtMs: 5, lastAnswerId: 2, cutByCommit: 0 });
  });

  it('knows an answer that was not streamed from one that comes again after an edit', () => {
    const unstreamed = fold(message(1, 'user', 'q'), status('running'), message(2, 'assistant', 'Hello'));
    expect(unstreamed.gaps).toEqual([
      { messageId: 2, attachedAtMs: 0, streamedLength: 0, committedLength: 5 },
    ]);
    const edited: StreamEvent = { type: 'history_reset', chat_id: CHAT };
    const again = [message(1, 'user', 'q'), message(2, 'assistant', 'Hello')];
    expect(fold(...TURN, message(2, 'assistant', 'Hello'), edited, ...again).gaps).toEqual([]);
  });

  it('finds a hole, a repetition and a late start among parts', () => {
    expect(kinds(...TURN, part(4, '!'))).toEqual(['part_hole']);
    expect(kinds(...TURN, part(2, 'llo'))).toEqual(['part_repeated']);
    expect(kinds(part(3, 'x'))).toEqual(['part_hole']);
  });

  it('finds parts of an attempt that is over', () => {
    expect(kinds(...TURN, message(2, 'assistant', 'Hello'), part(3, '!'))).toEqual(['part_stale']);
    expect(kinds(...TURN, reset, part(1, 'Hi', 2, 2), part(3, '!', 2, 1))).toEqual(['part_stale']);
    expect(kinds(...TURN, reset, part(1, 'Hi', 2, 2))).toEqual([]);
  });

  it('finds a committed text that is not what was streamed, and counts one that is only longer', () => {
    expect(kinds(...TURN, message(2, 'assistant', 'Hullo'))).toEqual(['text_differs']);
    const overtaken = fold(...TURN, message(2, 'assistant', 'Hello there'));
    expect(overtaken.findings).toEqual([]);
    expect(overtaken.cutByCommit).toBe(1);
  });

  it('finds a message sent twice, changed, or out of order', () => {
    const answer = message(2, 'assistant', 'Hello');
    expect(kinds(...TURN, answer, answer)).toEqual(['message_repeated']);
    expect(kinds(...TURN, answer, message(2, 'assistant', 'Other'))).toEqual(['message_changed']);
    expect(kinds(message(5, 'user', 'b'), message(4, 'user', 'a'))).toEqual(['message_out_of_order']);
  });

  it('takes everything again after a history reset', () => {
    const answer = message(2, 'assistant', 'Hello');
    const historyReset: StreamEvent = { type: 'history_reset', chat_id: CHAT };
    expect(kinds(...TURN, answer, historyReset, message(1, 'user', 'q'), answer)).toEqual([]);
  });
});
