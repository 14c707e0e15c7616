/**
 * The open streams of this replica: how many there may be, that their peers live, and how they all end.
 *
 * Heartbeats go round in slots, a fraction of the streams at a time, so that ten thousand of them do not stop the event loop
 * for one long moment. Every so many rounds a stream's token is looked at again, and in the next one after an outage of the bus, in
 * which news of it may have been lost.
 */
import type { Clock } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { unavailable } from './http-refusal';
import { RecentHolders, type VerifiedHolder } from './recent-holders';
import type { RelayMetrics } from './relay-metrics';
import { Tasks, type TaskLogger } from './tasks';
import { retryAfterMs, type RetrySpread, type Viewer } from './viewer';

export interface OpenStreamsOptions {
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  /** How long a token is known after its stream closed. */
  readonly holderLingerMs: number;
  readonly retry: RetrySpread;
  readonly clock: Clock;
  readonly logger: TaskLogger;
  readonly metrics: RelayMetrics;
  readonly authenticate: (token: string) => Promise<Actor | null>;
}

export interface Holder extends VerifiedHolder {
  readonly token: string;
  /** How many changes of tokens had been heard of when this one was looked at. */
  readonly changes: number;
}

interface OpenStream {
  readonly viewer: Viewer;
  readonly token: string;
  readonly actor: Actor;
  verifiedAt: number;
  /** Its token may have changed since it was looked at. */
  isDoubted: boolean;
  beats: number;
}

/** Of ten thousand streams 63 at a time: some milliseconds of writing, ten times a second. */
const SLOTS = 160;
/** With a heartbeat every 15 s: every 5 minutes. */
const BEATS_BETWEEN_CHECKS = 20;

export class OpenStreams {
  private readonly slots = Array.from({ length: SLOTS }, () => new Set<OpenStream>());
  private readonly tasks: Tasks;
  private nextSlot = 0;
  private turn = 0;
  private reserved = 0;
  private isStopping = false;
  private readonly recent: RecentHolders;
  private changes = 0;

  constructor(private readonly options: OpenStreamsOptions) {
    const { clock, heartbeatMs, holderLingerMs: lingerMs, maxStreams: maxHolders } = options;
    this.tasks = new Tasks(options.logger);
    const trustMs = heartbeatMs * BEATS_BETWEEN_CHECKS;
    this.recent = new RecentHolders({ clock, lingerMs, trustMs, maxHolders });
  }

  get isOpen(): boolean {
    return !this.isStopping;
  }

  start(): void {
    const { clock, heartbeatMs } = this.options;
    const { signal } = this.tasks;
    this.tasks.run('heartbeats', async () => {
      for (;;) {
        await clock.sleep(heartbeatMs / SLOTS, { name: 'heartbeat', signal });
        this.beat();
      }
    });
  }

  /** Takes a place, before any work is done for the stream. Returns the way to give it back. @throws HttpRefusal 503 */
  reserve(): () => void {
    const { maxStreams, metrics, retry } = this.options;
    if (this.isStopping) throw unavailable('This server restarts: try again.', retryAfterMs(retry));
    if (this.reserved >= maxStreams) {
      metrics.admissionsRefused += 1;
      throw unavailable('This server has as many streams as it takes: try again.', retryAfterMs(retry));
    }
    this.reserved += 1;
    let isTaken = true;
    return () => {
      if (isTaken) this.reserved -= 1;
      isTaken = false;
    };
  }

  /** Whose the token is; null when it is not good. Of one whose stream closed lately it is known without a read. */
  async identify(token: string): Promise<Holder | null> {
    const { changes } = this;
    const known = this.recent.recall(token);
    if (known !== null) return { ...known, token, changes };
    const verifiedAt = this.options.clock.now();
    const actor = await this.options.authenticate(token);
    return actor === null ? null : { actor, token, verifiedAt, changes };
  }

  add(viewer: Viewer, { actor, token, verifiedAt, changes }: Holder): void {
    const isDoubted = changes !== this.changes;
    const stream: OpenStream = { viewer, token, actor, verifiedAt, isDoubted, beats: 0 };
    const slot = this.slots[this.nextSlot % SLOTS];
    this.nextSlot += 1;
    slot?.add(stream);
    this.options.metrics.viewers += 1;
    viewer.onClosed(() => {
      slot?.delete(stream);
      this.options.metrics.viewers -= 1;
      if (!stream.isDoubted) this.recent.remember(token, stream);
    });
    if (this.isStopping) viewer.close('restarting');
    else if (isDoubted) this.check(stream);
  }

  /** One slot's turn. */
  beat(): void {
    const slot = this.slots[this.turn % SLOTS] ?? [];
    this.turn += 1;
    this.recent.sweep();
    for (const stream of [...slot]) {
      stream.viewer.heartbeat();
      stream.beats += 1;
      if (stream.isDoubted || stream.beats % BEATS_BETWEEN_CHECKS === 0) this.check(stream);
    }
  }

  /** Tokens changed: of this key, of this user, or nobody knows of whom. */
  recheck(id?: string): void {
    for (const stream of this.doubt(id)) this.check(stream);
  }

  /** Any token may have changed: all are looked at within one round of heartbeats. */
  recheckSoon(): void {
    this.doubt();
  }

  /** Sends everybody elsewhere, and waits until they have gone; their own grace ends those who do not go. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await this.tasks.stop();
    const gone = this.all().map(
      ({ viewer }) =>
        new Promise<void>((resolve) => {
          viewer.onClosed(resolve);
          viewer.close('restarting');
        }),
    );
    await Promise.all(gone);
  }

  private all(): OpenStream[] {
    return this.slots.flatMap((slot) => [...slot]);
  }

  private doubt(id?: string): OpenStream[] {
    this.changes += 1;
    this.recent.forget(id);
    const concerned = this.all().filter(
      ({ actor }) => id === undefined || id === actor.apiKeyId || id === actor.userId,
    );
    for (const stream of concerned) stream.isDoubted = true;
    return concerned;
  }

  private check(stream: OpenStream): void {
    this.tasks.run('check of a token', () => this.checkToken(stream));
  }

  private async checkToken(stream: OpenStream): Promise<void> {
    const { viewer, token } = stream;
    if (viewer.isClosed) return;
    const { changes } = this;
    const verifiedAt = this.options.clock.now();
    if ((await this.options.authenticate(token)) === null) {
      stream.isDoubted = true;
      viewer.close('unauthorized');
    } else if (changes === this.changes) {
      stream.isDoubted = false;
      stream.verifiedAt = verifiedAt;
    }
  }
}
