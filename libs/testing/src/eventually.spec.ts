import { eventually } from './eventually';

describe('eventually', () => {
  it('returns what the check gives once it stops failing', async () => {
    let calls = 0;
    const result = await eventually(async () => {
      calls += 1;
      if (calls < 15) throw new Error('not yet');
      return calls < 17 ? false : 'there';
    });
    expect(result).toBe('there');
    expect(calls).toBe(17);
  });

  it('throws the last failure when time is up', async () => {
    let calls = 0;
    const failing = eventually(
      () => {
        calls += 1;
        throw new Error(`failure ${calls}`);
      },
      { timeoutMs: 30 },
    );
    await expect(failing).rejects.toThrow(/^failure \d+$/);
    await expect(failing).rejects.toThrow(`failure ${calls}`);
  });

  it('is patient in looks, not in seconds that the machine stands still', async () => {
    let calls = 0;
    const standStill = (ms: number): void =>
      void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    const check = (): boolean => {
      calls += 1;
      standStill(20);
      return calls > 14;
    };
    expect(await eventually(check, { timeoutMs: 30 })).toBe(true);
  });

  it('takes false for a failure, and other empty values for an answer', async () => {
    await expect(eventually(() => false, { timeoutMs: 5 })).rejects.toThrow(/still false/i);
    expect(await eventually(() => undefined)).toBeUndefined();
    expect(await eventually(() => 0)).toBe(0);
  });
});
