/** Changes of a chat that came before the one they follow: kept behind the gap, bounded by count and bytes. What does not fit is read. */
import type { ChatChange } from '@parley/contracts';

export interface EarlyLimits {
  readonly maxEarlyChanges: number;
  readonly maxEarlyBytes: number;
}

export class EarlyChanges {
  private kept: Map<number, { change: ChatChange; bytes: number }> | undefined;
  private keptBytes = 0;

  constructor(private readonly limits: EarlyLimits) {}

  get bytes(): number {
    return this.keptBytes;
  }

  keep(change: ChatChange): void {
    const { maxEarlyChanges, maxEarlyBytes } = this.limits;
    const bytes = JSON.stringify(change).length;
    if (this.kept?.has(change.from_version) === true || (this.kept?.size ?? 0) >= maxEarlyChanges) return;
    if (this.keptBytes + bytes > maxEarlyBytes) return;
    (this.kept ??= new Map()).set(change.from_version, { change, bytes });
    this.keptBytes += bytes;
  }

  /** The change that follows `version`, which is then kept no more. */
  take(version: number): ChatChange | undefined {
    const early = this.kept?.get(version);
    this.forget(version);
    return early?.change;
  }

  /** Forgets those that lead to nothing later than `version`. */
  dropThrough(version: number): void {
    for (const [fromVersion, { change }] of this.kept ?? [])
      if (change.version <= version) this.forget(fromVersion);
  }

  private forget(fromVersion: number): void {
    const early = this.kept?.get(fromVersion);
    if (early === undefined) return;
    this.keptBytes -= early.bytes;
    this.kept?.delete(fromVersion);
    if (this.kept?.size === 0) this.kept = undefined;
  }
}
