/** The controls of a deployment that note each blow, from when to when and what it excuses, for the oracle to judge by. */
import type { Blow } from '../oracle/blow';
import type {
  BusDisturbance,
  ChaosControls,
  DisturbanceCounts,
  ServerName,
  ServiceRole,
} from '../system/target';
import type { RecoveryWatch } from './recovery-watch';

type Open = { -readonly [Name in keyof Blow]: Blow[Name] };

/** What a service that is away may cost: a worker its steps in flight, the others only the requests that it served. */
const excuses = (role: ServiceRole) =>
  role === 'chat-worker' ? { regenerations: 1, mayRefuse: false } : { regenerations: 0, mayRefuse: true };

export class RecordedControls implements ChaosControls {
  readonly blows: Open[] = [];
  private readonly open = new Map<string, Open>();
  private readonly busBefore: DisturbanceCounts | null;

  /** @param watch sees each kill of a worker */
  constructor(
    private readonly controls: ChaosControls,
    private readonly watch?: RecoveryWatch,
  ) {
    this.busBefore = controls.busCounts();
  }

  /** The run is over: what is still broken counts as broken until now. */
  end(): void {
    for (const blow of this.open.values()) blow.untilMs = Date.now();
    this.open.clear();
  }

  count(role: ServiceRole): number {
    return this.controls.count(role);
  }

  workerId(index: number): Promise<string> {
    return this.controls.workerId(index);
  }

  async kill(role: ServiceRole, index: number): Promise<void> {
    const struck = role === 'chat-worker' ? await this.watch?.aim(index) : undefined;
    const blow = this.begin(`kill ${role} ${index}`, excuses(role));
    struck?.(blow.atMs);
    // A dead worker takes no more chats: only what it had in flight is struck.
    if (role === 'chat-worker') this.finish(blow.what);
    await this.controls.kill(role, index);
  }

  async start(role: ServiceRole, index: number): Promise<void> {
    try {
      await this.controls.start(role, index);
    } finally {
      this.finish(`kill ${role} ${index}`);
    }
  }

  pause(role: ServiceRole, index: number): void {
    this.begin(`pause ${role} ${index}`, excuses(role));
    this.controls.pause(role, index);
  }

  resume(role: ServiceRole, index: number): void {
    this.controls.resume(role, index);
    this.finish(`pause ${role} ${index}`);
  }

  /** Without Postgres leases run out, and whoever holds one no longer stops. */
  crash(server: ServerName, downMs: number): Promise<void> {
    const regenerations = server === 'postgres' ? 1 : 0;
    return this.during(`crash ${server}`, { regenerations, mayRefuse: true }, () =>
      this.controls.crash(server, downMs),
    );
  }

  /** A step that outlasts its worker's stop is handed over, at most once for each worker. */
  rollAll(): Promise<void> {
    const regenerations = this.controls.count('chat-worker');
    return this.during('roll all', { regenerations, mayRefuse: true }, () => this.controls.rollAll());
  }

  /** Nothing that the bus does to hints excuses a second generation or a refusal. */
  disturbBus(disturbance: BusDisturbance | null): void {
    if (disturbance === null) this.finish('disturb bus');
    else this.begin('disturb bus', { regenerations: 0, mayRefuse: false });
    this.controls.disturbBus(disturbance);
  }

  /** Of this fault alone. */
  busCounts(): DisturbanceCounts | null {
    const { busBefore: before } = this;
    const after = this.controls.busCounts();
    if (before === null || after === null) return null;
    return {
      passed: after.passed - before.passed,
      dropped: after.dropped - before.dropped,
      doubled: after.doubled - before.doubled,
      delayed: after.delayed - before.delayed,
    };
  }

  blockDatabase(ms: number): Promise<void> {
    return this.during('block database', { regenerations: 1, mayRefuse: true }, () =>
      this.controls.blockDatabase(ms),
    );
  }

  private async during(
    what: string,
    excused: Pick<Blow, 'regenerations' | 'mayRefuse'>,
    work: () => Promise<void>,
  ): Promise<void> {
    this.begin(what, excused);
    try {
      await work();
    } finally {
      this.finish(what);
    }
  }

  private begin(what: string, excused: Pick<Blow, 'regenerations' | 'mayRefuse'>): Open {
    const blow = { what, ...excused, atMs: Date.now(), untilMs: Number.POSITIVE_INFINITY };
    this.blows.push(blow);
    this.open.set(what, blow);
    return blow;
  }

  private finish(what: string): void {
    const blow = this.open.get(what);
    if (blow !== undefined) blow.untilMs = Date.now();
    this.open.delete(what);
  }
}
