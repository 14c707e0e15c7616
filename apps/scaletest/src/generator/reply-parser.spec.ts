import { MalformedReplyError, type ReplyHead, ReplyParser } from './reply-parser';

const CHUNKED =
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n6;x=1\r\nhellö\r\n4\r\n, wo\r\n3\r\nrld\r\n0\r\nx-late: 1\r\n\r\n';
const SIZED = 'HTTP/1.1 429 Too Many\r\nretry-after: 2\r\ncontent-length: 4\r\nConnection: close\r\n\r\nbusy';
const EMPTY = 'HTTP/1.1 204 No Content\r\n\r\n';

/** What a listener hears of these bytes, cut as given. */
function parse(pieces: readonly Buffer[]): { replies: (ReplyHead & { text: string })[]; ended: boolean } {
  const replies: (ReplyHead & { text: string })[] = [];
  let head: ReplyHead | undefined;
  let text = '';
  const parser = new ReplyParser({
    onHead: (known) => (head = known),
    onText: (piece) => (text += piece),
    onEnd: () => {
      if (head !== undefined) replies.push({ ...head, text });
      head = undefined;
      text = '';
    },
  });
  for (const piece of pieces) parser.push(piece, piece.length);
  return { replies, ended: parser.end() };
}

describe('ReplyParser', () => {
  it('reads replies of every framing one after the other, wherever their bytes are cut', () => {
    const bytes = Buffer.from(`HTTP/1.1 100 Continue\r\n\r\n${CHUNKED}${EMPTY}${SIZED}`);
    const expected = [
      { status: 200, retryAfterMs: 0, isKept: true, text: 'hellö, world' },
      { status: 204, retryAfterMs: 0, isKept: true, text: '' },
      { status: 429, retryAfterMs: 2_000, isKept: false, text: 'busy' },
    ];
    expect(parse([bytes]).replies).toEqual(expected);
    for (let at = 1; at < bytes.length; at += 1)
      expect(parse([bytes.subarray(0, at), bytes.subarray(at)]).replies).toEqual(expected);
    expect(parse(Array.from(bytes, (byte) => Buffer.from([byte]))).replies).toEqual(expected);
  });

  it('takes a body without a length to last as long as the connection', () => {
    const { replies, ended } = parse([Buffer.from('HTTP/1.1 200 OK\r\n\r\nto the end')]);
    expect(ended).toBe(true);
    expect(replies).toEqual([{ status: 200, retryAfterMs: 0, isKept: false, text: 'to the end' }]);
  });

  it('says that a reply was not whole when the connection ends in it', () => {
    const bytes = Buffer.from(CHUNKED);
    for (const at of [0, 10, bytes.length - 3]) expect(parse([bytes.subarray(0, at)]).ended).toBe(false);
  });

  it('refuses what is no reply', () => {
    for (const text of ['SSH-2.0-x\r\n\r\n', CHUNKED.replace('6;', 'zz;'), 'x'.repeat(70_000)])
      expect(() => parse([Buffer.from(text)])).toThrow(MalformedReplyError);
  });
});
