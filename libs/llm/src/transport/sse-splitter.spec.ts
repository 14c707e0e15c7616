import { EventTooLargeError, type ServerSentEvent, SseSplitter } from './sse-splitter';

function split(bytes: Buffer, cuts: readonly number[], maxCharacters?: number): ServerSentEvent[] {
  const splitter = new SseSplitter(maxCharacters);
  const events: ServerSentEvent[] = [];
  const ends = [...cuts, bytes.length];
  ends.reduce((start, end) => {
    splitter.push(bytes.subarray(start, end), (event) => events.push(event));
    return end;
  }, 0);
  return events;
}

const STREAM = Buffer.from(
  '\uFEFF: a comment\r\nevent: first\r\ndata: {"text":"Grüße 🌍"}\r\n\r\n' +
    'data:no space\ndata:  two\n\nid: 7\nretry: 10\n\nevent: named without data\n\n' +
    'data\r\rdata: old mac\revent: last\r\r' +
    'data: unfinished',
);

const EVENTS: ServerSentEvent[] = [
  { event: 'first', data: '{"text":"Grüße 🌍"}' },
  { event: '', data: 'no space\n two' },
  { event: '', data: '' },
  { event: 'last', data: 'old mac' },
];

it('reads events, comments, names and all kinds of line ends', () => {
  expect(split(STREAM, [])).toEqual(EVENTS);
});

it('reads the same wherever the chunks are cut, also in the middle of UTF-8 and of CRLF', () => {
  for (let cut = 1; cut < STREAM.length; cut += 1) {
    expect(split(STREAM, [cut])).toEqual(EVENTS);
  }
});

it('reads the same one byte at a time', () => {
  expect(
    split(
      STREAM,
      Array.from({ length: STREAM.length }, (_, index) => index),
    ),
  ).toEqual(EVENTS);
});

it('refuses an event over the limit, in one line or in many', () => {
  const long = Buffer.from(`data: ${'x'.repeat(100)}`);
  expect(() => split(long, [50], 80)).toThrow(EventTooLargeError);
  expect(() => split(Buffer.from('data: 1234567890\n'.repeat(20)), [], 80)).toThrow(EventTooLargeError);
  expect(split(Buffer.from('data: 1234567890\n\n'.repeat(20)), [], 80)).toHaveLength(20);
});

it('reads a large event that comes in many chunks in a time that grows with its size only', () => {
  const bytes = Buffer.from(`data: ${'x'.repeat(8_000_000)}\n\n`);
  const cuts = Array.from({ length: 8_000 }, (_, index) => index * 1_000);
  const started = process.cpuUsage();
  expect(split(bytes, cuts)[0]?.data).toHaveLength(8_000_000);
  expect(process.cpuUsage(started).user / 1_000).toBeLessThan(1_000);
});
