/**
 * What the platform owes its clients whoever tries again afterwards: no answer with a 5xx, of calls and of streams alike; a reply to
 * each request; no end of a stream but one that invites the viewer back. Each is noted with its time, and is a finding unless the
 * run's fault explains it. Bounded: beyond the bound they are counted only.
 */
export interface ServerError {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly call: string;
  readonly status: number;
  /** Empty for a stream. */
  readonly text: string;
}

/** A request that got no reply, or a stream that ended, and not because the harness wanted it. */
export interface Break {
  readonly kind: 'reply_lost' | 'stream_broken';
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  readonly call: string;
  readonly why: string;
}

export interface ServerErrorTally {
  readonly errors: readonly ServerError[];
  /** How many more there were. */
  readonly beyond: number;
  readonly breaks: readonly Break[];
  readonly breaksBeyond: number;
}

const MAX_ERRORS = 10_000;
/** A gateway that is away for 15 s refuses each of a hundred chats that often, and all of it is to be explained. */
const MAX_BREAKS = 50_000;
const MAX_TEXT = 200;

export class ServerErrors {
  private errors: ServerError[] = [];
  private breaks: Break[] = [];
  private beyond = 0;
  private breaksBeyond = 0;

  /** @param signal once it is aborted, what was started with the run may be gone too: nothing breaks by itself any more */
  constructor(private readonly signal?: AbortSignal) {}

  note(call: string, status: number, text = ''): void {
    if (status < 500) return;
    if (this.errors.length >= MAX_ERRORS) this.beyond += 1;
    else this.errors.push({ atMs: Date.now(), call, status, text: text.slice(0, MAX_TEXT) });
  }

  noteBreak(kind: Break['kind'], call: string, why: string): void {
    if (this.signal?.aborted === true) return;
    if (this.breaks.length >= MAX_BREAKS) this.breaksBeyond += 1;
    else this.breaks.push({ kind, atMs: Date.now(), call, why: why.slice(0, MAX_TEXT) });
  }

  /** What came since the last time. */
  take(): ServerErrorTally {
    const { errors, beyond, breaks, breaksBeyond } = this;
    this.errors = [];
    this.breaks = [];
    this.beyond = 0;
    this.breaksBeyond = 0;
    return { errors, beyond, breaks, breaksBeyond };
  }
}
