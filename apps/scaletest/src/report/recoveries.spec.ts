import { recoveriesOf } from './recoveries';

const by = { maxAllowedMs: 10_000, toSeconds: (atMs: number) => atMs / 1000 };

describe('the recoveries of a report', () => {
  it('are of the kills that left something', () => {
    const kills = [
      { atMs: 1_000, chats: 3, recoveredAfterMs: 7_000 },
      { atMs: 4_000, chats: 0, recoveredAfterMs: 0 },
      { atMs: 7_000, chats: 2, recoveredAfterMs: 5_000 },
      { atMs: 9_000, chats: 2, recoveredAfterMs: 6_000 },
      { atMs: 12_000, chats: 1, recoveredAfterMs: null },
    ];
    expect(recoveriesOf({ kills, unwatched: ['why'] }, by)).toMatchObject({
      max_allowed_ms: 10_000,
      p50_ms: 6_000,
      max_ms: 7_000,
      never: 1,
      unwatched: ['why'],
    });
    expect(recoveriesOf({ kills, unwatched: [] }, by)?.kills[0]).toEqual({
      at_s: 1,
      chats: 3,
      recovered_after_ms: 7_000,
    });
  });

  it('are nothing where no worker is killed', () => {
    expect(recoveriesOf(null, by)).toBeNull();
    expect(recoveriesOf({ kills: [], unwatched: [] }, by)).toMatchObject({ p50_ms: null, max_ms: null });
  });
});
