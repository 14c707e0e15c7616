/** One line that is written over itself while a load runs; on something that is no terminal, a line now and then. */
import type { Turn } from '../generator/turn';

const LIVE_MS = 500;
const PLAIN_MS = 10_000;

export class Progress {
  private timer: NodeJS.Timeout | undefined;
  private wasShown = false;

  constructor(private readonly stream: NodeJS.WriteStream) {}

  say(text: string): void {
    this.clear();
    this.stream.write(`${text}\n`);
  }

  follow(name: string, planned: number | null, turnsOf: () => readonly Turn[]): void {
    const startedAtMs = performance.now();
    const show = (): void => {
      const turns = turnsOf();
      let done = 0;
      let failed = 0;
      for (const { outcome } of turns) {
        if (outcome === 'done') done += 1;
        else if (outcome !== 'pending') failed += 1;
      }
      const seconds = (performance.now() - startedAtMs) / 1000;
      const pending = turns.length - done - failed;
      this.write(
        `${name}: ${done}${planned === null ? '' : `/${planned}`} turns, ${pending} running, ${failed} failed, ${(done / seconds).toFixed(0)}/s, ${seconds.toFixed(0)} s`,
      );
    };
    this.timer = setInterval(show, this.stream.isTTY ? LIVE_MS : PLAIN_MS);
  }

  done(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private write(text: string): void {
    if (!this.stream.isTTY) {
      this.stream.write(`${text}\n`);
      return;
    }
    this.stream.write(`\r${text}\u001b[K`);
    this.wasShown = true;
  }

  private clear(): void {
    if (this.wasShown) this.stream.write('\r\u001b[K');
    this.wasShown = false;
  }
}
