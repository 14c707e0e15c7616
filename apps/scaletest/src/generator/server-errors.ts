/**
 * Every answer with a 5xx, of calls and of streams alike, whoever tried again afterwards: the platform promises that no input gives one,
 * so each is a finding unless the run's fault explains it. Bounded: beyond the bound they are counted only.
 */
export interface ServerError {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly call: string;
  readonly status: number;
  /** Empty for a stream. */
  readonly text: string;
}

export interface ServerErrorTally {
  readonly errors: readonly ServerError[];
  /** How many more there were. */
  readonly beyond: number;
}

const MAX_ERRORS = 10_000;
const MAX_TEXT = 200;

export class ServerErrors {
  private errors: ServerError[] = [];
  private beyond = 0;

  note(call: string, status: number, text = ''): void {
    if (status < 500) return;
    if (this.errors.length >= MAX_ERRORS) this.beyond += 1;
    else this.errors.push({ atMs: Date.now(), call, status, text: text.slice(0, MAX_TEXT) });
  }

  /** What came since the last time. */
  take(): ServerErrorTally {
    const tally = { errors: this.errors, beyond: this.beyond };
    this.errors = [];
    this.beyond = 0;
    return tally;
  }
}
