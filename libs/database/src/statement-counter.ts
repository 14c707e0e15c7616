/** Counts statements by name, for the budget of statements per turn. */
export class StatementCounter {
  readonly counts = new Map<string, number>();

  count(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
