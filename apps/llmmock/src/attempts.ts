/**
 * Counts how often each key was seen, for faults that apply to the first attempts only. Bounded: when `maxKeys` are
 * remembered the one not seen for longest is forgotten, and would count from zero again.
 */
export class Attempts {
  private readonly counts = new Map<string, number>();

  constructor(private readonly maxKeys: number) {}

  /** How many times this key was seen, this time included. */
  next(key: string): number {
    const count = (this.counts.get(key) ?? 0) + 1;
    this.counts.delete(key);
    this.counts.set(key, count);
    if (this.counts.size > this.maxKeys) {
      const oldest = this.counts.keys().next();
      if (!oldest.done) this.counts.delete(oldest.value);
    }
    return count;
  }

  clear(): void {
    this.counts.clear();
  }
}
