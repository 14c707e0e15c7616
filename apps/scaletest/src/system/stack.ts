/** What was opened, closed in reverse order; one failure does not keep the rest open. */
export class Stack {
  private readonly closers: (() => Promise<unknown>)[] = [];

  defer(close: () => Promise<unknown>): void {
    this.closers.push(close);
  }

  /** @throws the first failure, after everything was tried */
  async unwind(): Promise<void> {
    const failures: unknown[] = [];
    for (let close = this.closers.pop(); close !== undefined; close = this.closers.pop()) {
      try {
        await close();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
