import { Turn } from '../generator/turn';
import { recoveryOf } from './chaos-strike';

const SHAPE = { chunks: 1, chunkSize: 1, chunkMs: 0, firstByteMs: 0 };

function turn(sentAtMs: number, doneAtMs: number): Turn {
  const made = new Turn({ key: `${sentAtMs}`, shape: SHAPE, toolSteps: [] }, 'follow_up', 'plain', sentAtMs);
  made.sentAtMs = sentAtMs;
  made.doneAtMs = doneAtMs;
  return made;
}

/** A turn ends every 100 ms, but for a silence. */
function turnsWithSilence(fromMs: number, toMs: number): Turn[] {
  const turns: Turn[] = [];
  for (let atMs = 100; atMs <= 30_000; atMs += 100)
    if (atMs <= fromMs || atMs >= toMs) turns.push(turn(atMs - 90, atMs));
  return turns;
}

const struckAtMs = 10_050;
const strike = { struckAtMs };

describe('recovery', () => {
  it('is measured from the fault to the end of what was in flight, and to the usual pace', () => {
    const turns = [...turnsWithSilence(10_000, 14_000), turn(10_020, 16_050)];
    const recovery = recoveryOf(turns, strike, 30_000);
    expect(recovery).toMatchObject({ turnsInFlight: 1, inFlightMs: 6_000, longestSilenceMs: 3_950 });
    expect(recovery.steadyMs).toBeGreaterThan(3_000);
    expect(recovery.steadyMs).toBeLessThan(5_000);
  });

  it('is nothing when nothing was felt', () => {
    expect(recoveryOf(turnsWithSilence(0, 0), strike, 30_000)).toMatchObject({
      steadyMs: 0,
      longestSilenceMs: 100,
    });
  });

  it('never came when a turn in flight was lost or the pace stayed low', () => {
    const recovery = recoveryOf([...turnsWithSilence(10_000, 99_999), turn(10_000, 0)], strike, 30_000);
    expect(recovery).toMatchObject({ inFlightMs: null, steadyMs: null });
  });
});
