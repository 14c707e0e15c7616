/** From the kills of workers that were watched to what the report says of them. */
import type { Recoveries } from '../chaos/recovery-watch';
import type { LoadReport } from './schema';

type RecoveriesReport = NonNullable<LoadReport['chaos']>['recoveries'];

export function recoveriesOf(
  recoveries: Recoveries | null,
  by: { maxAllowedMs: number | undefined; toSeconds: (atMs: number) => number },
): RecoveriesReport {
  const { maxAllowedMs, toSeconds } = by;
  if (recoveries === null || maxAllowedMs === undefined) return null;
  const { kills, unwatched } = recoveries;
  const times = kills
    .flatMap(({ chats, recoveredAfterMs }) =>
      chats === 0 || recoveredAfterMs === null ? [] : [recoveredAfterMs],
    )
    .sort((left, right) => left - right);
  return {
    max_allowed_ms: maxAllowedMs,
    p50_ms: times[Math.floor((times.length - 1) / 2)] ?? null,
    max_ms: times.at(-1) ?? null,
    never: kills.filter(({ recoveredAfterMs }) => recoveredAfterMs === null).length,
    unwatched: [...unwatched],
    kills: kills.map(({ atMs, chats, recoveredAfterMs }) => ({
      at_s: toSeconds(atMs),
      chats,
      recovered_after_ms: recoveredAfterMs,
    })),
  };
}
