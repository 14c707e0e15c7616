import { systemClock } from './clock';

test('a sleep that is cut short rejects with the reason of the signal', async () => {
  const stopping = new AbortController();
  const reason = new Error('enough');
  const asleep = systemClock.sleep(60_000, { name: 'long', signal: stopping.signal });
  stopping.abort(reason);
  await expect(asleep).rejects.toBe(reason);
});

test('a sleep whose signal has aborted already does not begin', async () => {
  const reason = new Error('before');
  const asleep = systemClock.sleep(60_000, { name: 'long', signal: AbortSignal.abort(reason) });
  await expect(asleep).rejects.toBe(reason);
});

test('a sleep ends after its time, and hears no abort afterwards', async () => {
  const stopping = new AbortController();
  const remove = jest.spyOn(stopping.signal, 'removeEventListener');
  await systemClock.sleep(1, { name: 'short', signal: stopping.signal });
  expect(remove).toHaveBeenCalledTimes(1);
});
