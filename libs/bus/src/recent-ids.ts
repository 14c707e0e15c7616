/** The message ids of the last 2 minutes, oldest dropped first when there are too many: what deduplication remembers. */
export const DEDUPLICATION_WINDOW_MS = 120_000;
const MAX_IDS = 50_000;

export class RecentIds {
  private readonly seenAt = new Map<string, number>();

  constructor(private readonly now: () => number) {}

  /** False when the id was seen within the window. */
  isNew(id: string): boolean {
    const now = this.now();
    for (const [oldest, at] of this.seenAt) {
      if (now - at < DEDUPLICATION_WINDOW_MS && this.seenAt.size < MAX_IDS) break;
      this.seenAt.delete(oldest);
    }
    if (this.seenAt.has(id)) return false;
    this.seenAt.set(id, now);
    return true;
  }
}
