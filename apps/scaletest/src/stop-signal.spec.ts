import { EventEmitter } from 'node:events';
import { BrokenToolError, stopSignal } from './stop-signal';

describe('what ends a run', () => {
  function listen() {
    const source = new EventEmitter();
    const said: string[] = [];
    const left: number[] = [];
    const signal = stopSignal(source, { say: (text) => said.push(text), leave: (code) => left.push(code) });
    return { source, said, left, signal };
  }

  it('is a signal, and a second one leaves at once', () => {
    const { source, left, signal } = listen();
    source.emit('SIGINT');
    expect(signal.aborted).toBe(true);
    expect(signal.reason).not.toBeInstanceOf(BrokenToolError);
    expect(left).toEqual([]);
    source.emit('SIGTERM');
    expect(left).toEqual([130]);
  });

  it('is an error that nobody caught, which leaves the time to report and to clean up however often it comes', () => {
    const { source, said, left, signal } = listen();
    source.emit('uncaughtException', new Error('in a data handler'));
    source.emit('uncaughtException', new Error('again'));
    expect(signal.reason).toBeInstanceOf(BrokenToolError);
    expect(said.join()).toContain('in a data handler');
    expect(left).toEqual([]);
  });
});
