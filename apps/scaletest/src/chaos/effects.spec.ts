import type { LoadReport } from '../report/schema';
import { missingEffects } from './effects';
import { FAULTS } from './faults';

type Chaos = NonNullable<LoadReport['chaos']>;

const recoveries = {
  max_allowed_ms: 10_000,
  p50_ms: 6_000,
  max_ms: 6_000,
  never: 0,
  unwatched: [],
  kills: [{ at_s: 1, chats: 2, recovered_after_ms: 6_000 }],
};
const lost = {
  turns: 0,
  streams_cut: 3,
  answers_cut: 0,
  model_calls_repeated: 0,
  server_errors: 0,
  calls_repeated: 4,
};

/** All that any fault does. */
function felt(fault: string, change: Partial<Chaos> = {}): Chaos {
  return {
    fault,
    what: '',
    failure: null,
    mended_after_ms: 1,
    turns_in_flight: 5,
    recovered_after_ms: 1,
    steady_after_ms: 1,
    longest_silence_ms: 1,
    blows: [{ what: 'kill', at_s: 1, lasted_ms: 1 }],
    lost,
    recoveries,
    bus_messages: { passed: 1, dropped: 1, doubled: 1, delayed: 1 },
    ...change,
  };
}

const nothing: Partial<Chaos> = {
  turns_in_flight: 0,
  lost: { ...lost, streams_cut: 0, calls_repeated: 0 },
  recoveries: { ...recoveries, kills: [{ at_s: 1, chats: 0, recovered_after_ms: 0 }] },
  bus_messages: { passed: 9, dropped: 0, doubled: 0, delayed: 0 },
};

describe('the effect of a fault', () => {
  it.each(Object.keys(FAULTS))('of %s is missed where there was none', (fault) => {
    expect(missingEffects(felt(fault))).toEqual([]);
    expect(missingEffects(felt(fault, nothing))[0]).toMatch('the fault had no effect: no ');
    expect(missingEffects(felt(fault, { blows: [] }))).toEqual(['the fault never struck']);
  });

  it('is what that fault is for: turns in flight excuse no message that was let pass, and no worker that had nothing', () => {
    const { bus_messages: untouched, recoveries: idle } = nothing;
    expect(missingEffects(felt('drop-bus', { bus_messages: untouched ?? null }))).toEqual([
      'the fault had no effect: no message of the bus was dropped',
    ]);
    expect(missingEffects(felt('kill-worker', { recoveries: idle ?? null }))).toEqual([
      'the fault had no effect: no worker that was killed had a chat with work to do',
    ]);
  });

  it('is not asked of a fault that failed or was not watched, which is told as such', () => {
    const unwatched = { ...recoveries, kills: [], unwatched: ['it was not up'] };
    expect(missingEffects(felt('kill-worker', { recoveries: unwatched }))).toEqual([]);
    expect(missingEffects(felt('drop-bus', { ...nothing, failure: 'no proxy' }))).toEqual([]);
  });
});
