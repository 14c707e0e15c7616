/** Lets a loop sleep until something happened since it last looked. Nothing that happens in between is missed. */
export class WakeSignal {
  private hasFired = false;
  private waiting: (() => void) | null = null;

  fire(): void {
    this.hasFired = true;
    this.waiting?.();
  }

  /** Resolves at once when it fired since the last `wait`. One waiter at a time. */
  async wait(): Promise<void> {
    if (!this.hasFired) await new Promise<void>((resolve) => (this.waiting = resolve));
    this.waiting = null;
    this.hasFired = false;
  }
}
