import { SseSplitter } from './sse-events';

const TEXT = ': hello\n\nretry: 1000\n\nid: 3.0.1\ndata: {"type":"status"}\n\ndata:{"a":"ü"}\n\n: beat\n\n';

function split(pieces: readonly string[]): [string, string | undefined][] {
  const splitter = new SseSplitter();
  const events: [string, string | undefined][] = [];
  for (const piece of pieces) splitter.push(piece, (data, id) => events.push([data, id]));
  return events;
}

describe('SseSplitter', () => {
  it('gives data and id of each event, and nothing for comments and hints', () => {
    expect(split([TEXT])).toEqual([
      ['{"type":"status"}', '3.0.1'],
      ['{"a":"ü"}', undefined],
    ]);
  });

  it('gives the same wherever the text is cut', () => {
    for (let at = 0; at <= TEXT.length; at += 1)
      expect(split([TEXT.slice(0, at), TEXT.slice(at)])).toEqual(split([TEXT]));
  });
});
