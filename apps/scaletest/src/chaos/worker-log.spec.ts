import { workerIdIn } from './worker-log';

const ID = '58e0954f-f53d-4dd8-98e5-afad0fdbea46';
const WORKS = `{"level":"info","pid":17,"name":"chat-worker","worker_id":"${ID}","msg":"Works"}`;
const READY = '{"level":"info","pid":17,"name":"chat-worker","msg":"Ready"}';
const up = { name: 'chat-worker-1', livePids: [16, 17] };

describe('the id of a worker', () => {
  it('is what its log tells', () => {
    expect(workerIdIn(`${WORKS}\n${READY}\n`, up)).toBe(ID);
  });

  it('is refused of one that is down or still starting', () => {
    expect(() => workerIdIn(`${WORKS}\n`, { ...up, livePids: [16] })).toThrow('chat-worker-1 is not up');
    expect(() => workerIdIn('', up)).toThrow('chat-worker-1 is not up');
  });

  it('is refused of one that lost its lease, and works on under another', () => {
    const fenced = `{"worker_id":"${ID}","msg":"The lease ran out: stopping all runners"}`;
    expect(() => workerIdIn(`${WORKS}\n${fenced}\n`, up)).toThrow(/its new id is not known/);
  });
});
