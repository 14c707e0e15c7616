/**
 * How long work lay idle after its worker was killed, by what was seen in the database: which chats with work to do are owned by dead
 * workers, look after look. No clock and no database in here.
 *
 * A chat is stranded by a kill when its owner is dead while it has work to do: it was at work when the owner died, or rested with it and
 * got work later. It is recovered when another worker owns it, or when it has no work any more; that nobody owns it is no recovery.
 * Its wait counts from the kill, or from the last look that saw it without work, to the look that saw it recovered: it errs to the long
 * side, by a look. When its new owner is killed too, that is the later kill's to recover from.
 */

/** A chat with work to do. */
export interface SeenChat {
  readonly chatId: string;
  readonly workerId: string | null;
}

/** Times are milliseconds since the epoch. */
export interface Look {
  readonly askedAtMs: number;
  readonly seenAtMs: number;
  readonly chats: readonly SeenChat[];
}

export interface KillRecovery {
  readonly atMs: number;
  /** How many it stranded. */
  readonly chats: number;
  /** Until the last of them was recovered; null when one never was. */
  readonly recoveredAfterMs: number | null;
}

interface Kill {
  readonly atMs: number;
  chats: number;
  worstMs: number;
}

interface Stranded {
  readonly by: Kill;
  readonly workerId: string;
  readonly sinceMs: number;
}

export class RecoveryBook {
  private readonly killed = new Map<string, Kill>();
  private readonly stranded = new Map<string, Stranded>();
  private lastLook: Look = { askedAtMs: 0, seenAtMs: 0, chats: [] };

  get strandedIds(): string[] {
    return [...this.stranded.keys()];
  }

  /** The last look before it shows what the worker dies with. */
  kill(workerId: string, atMs: number): void {
    this.killed.set(workerId, { atMs, chats: 0, worstMs: 0 });
    for (const chat of this.lastLook.chats) this.strand(chat, atMs);
  }

  /** Looks come in their order, and show all chats with work to do of all dead workers, and all that are stranded. */
  look(look: Look): void {
    const owners = new Map(look.chats.map(({ chatId, workerId }) => [chatId, workerId]));
    for (const [chatId, { by, workerId, sinceMs }] of this.stranded) {
      const owner = owners.get(chatId);
      if (owner === null || owner === workerId) continue;
      by.worstMs = Math.max(by.worstMs, look.seenAtMs - sinceMs);
      this.stranded.delete(chatId);
    }
    for (const chat of look.chats) this.strand(chat, this.lastLook.askedAtMs);
    this.lastLook = look;
  }

  recoveries(): KillRecovery[] {
    const lost = new Set([...this.stranded.values()].map(({ by }) => by));
    return [...this.killed.values()].map((kill) => ({
      atMs: kill.atMs,
      chats: kill.chats,
      recoveredAfterMs: lost.has(kill) ? null : kill.worstMs,
    }));
  }

  private strand({ chatId, workerId }: SeenChat, restedUntilMs: number): void {
    if (workerId === null || this.stranded.has(chatId)) return;
    const by = this.killed.get(workerId);
    if (by === undefined) return;
    this.stranded.set(chatId, { by, workerId, sinceMs: Math.max(by.atMs, restedUntilMs) });
    by.chats += 1;
  }
}
