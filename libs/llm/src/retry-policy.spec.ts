import { MAX_ATTEMPTS, retryDelayMs } from './retry-policy';

const least = () => 0.999999;
const most = () => 0;

it('doubles from one second to a minute', () => {
  const delays = [1, 2, 3, 4, 5, 6, 7, 8, MAX_ATTEMPTS].map((attempt) =>
    retryDelayMs(attempt, { random: most }),
  );
  expect(delays).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

it('takes up to a quarter off at random', () => {
  expect(retryDelayMs(3, { random: least })).toBe(3_000);
  expect(retryDelayMs(20, { random: least })).toBe(45_000);
});

it('obeys Retry-After when it is longer, but not for days', () => {
  expect(retryDelayMs(1, { random: most, retryAfterMs: 7_000 })).toBe(7_000);
  expect(retryDelayMs(5, { random: most, retryAfterMs: 7_000 })).toBe(16_000);
  expect(retryDelayMs(1, { random: most, retryAfterMs: 86_400_000 })).toBe(3_600_000);
});
