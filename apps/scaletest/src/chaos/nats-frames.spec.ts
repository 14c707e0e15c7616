import { NatsFrames } from './nats-frames';

const STREAM = Buffer.from(
  'INFO {"a":1}\r\nMSG chat.1.changed 7 5\r\nhe\r\no\r\nPING\r\nHMSG _INBOX.x 9 reply 12 14\r\nNATS/1.0\r\n\r\nhi\r\n+OK\r\n',
);
const SUBJECTS = [undefined, 'chat.1.changed', undefined, '_INBOX.x', undefined];

describe('NatsFrames', () => {
  it('cuts control lines and messages, payloads with line breaks included', () => {
    const frames = new NatsFrames().push(STREAM);
    expect(frames.map(({ subject }) => subject)).toEqual(SUBJECTS);
    expect(Buffer.concat(frames.map(({ bytes }) => bytes))).toEqual(STREAM);
  });

  it('gives the same frames wherever the bytes are cut', () => {
    for (let at = 0; at <= STREAM.length; at += 1) {
      const cutter = new NatsFrames();
      const frames = [...cutter.push(STREAM.subarray(0, at)), ...cutter.push(STREAM.subarray(at))];
      expect(frames.map(({ subject }) => subject)).toEqual(SUBJECTS);
      expect(Buffer.concat(frames.map(({ bytes }) => bytes))).toEqual(STREAM);
    }
  });
});
