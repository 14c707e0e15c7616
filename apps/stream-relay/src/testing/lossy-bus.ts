/**
 * A bus with bad luck: what one process receives of other processes' messages is lost, doubled or overtaken, each message by its own
 * throw of seeded dice, and every misfortune is counted. What is requested and answered passes untouched.
 */
import type { Bus, MessageListener, Subscription } from '@parley/bus';
import type { Subject } from '@parley/contracts';

/** Of all messages, from 0 to 1. */
export interface Misfortune {
  readonly lost: number;
  readonly doubled: number;
  readonly late: number;
}

export interface Toll {
  delivered: number;
  lost: number;
  doubled: number;
  late: number;
}

/** A message that is late arrives after one to this many that were sent after it. */
const MAX_OVERTAKERS = 3;

interface LateMessage {
  overtakers: number;
  deliver(): void;
}

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export class LossyBus implements Bus {
  /** Of `chat.*.changed` and `chat.*.parts`. */
  readonly changes: Toll = { delivered: 0, lost: 0, doubled: 0, late: 0 };
  readonly parts: Toll = { delivered: 0, lost: 0, doubled: 0, late: 0 };
  private readonly waiting = new Set<LateMessage>();

  constructor(
    private readonly bus: Bus,
    private readonly misfortune: Misfortune,
    private readonly random: () => number,
  ) {}

  subscribe<Payload>(
    subject: Subject<Payload>,
    listener: MessageListener<Payload>,
    options?: Parameters<Bus['subscribe']>[2],
  ): Promise<Subscription> {
    const toll = subject.subject.endsWith('.changed') ? this.changes : this.parts;
    return this.bus.subscribe(
      subject,
      (payload, context) => {
        const fate = this.random();
        const { lost, doubled, late } = this.misfortune;
        const deliver = (): void => {
          toll.delivered += 1;
          void listener(structuredClone(payload), context);
        };
        this.countOvertaker();
        if (fate < lost) toll.lost += 1;
        else if (fate < lost + late) {
          toll.late += 1;
          this.waiting.add({ overtakers: 1 + Math.floor(this.random() * MAX_OVERTAKERS), deliver });
        } else {
          deliver();
          if (fate >= 1 - doubled) {
            toll.doubled += 1;
            deliver();
          }
        }
      },
      options,
    );
  }

  /** What is late and was overtaken by nobody arrives. */
  flush(): void {
    for (const message of this.waiting) message.deliver();
    this.waiting.clear();
  }

  readonly publish: Bus['publish'] = (...args) => this.bus.publish(...args);
  readonly request: Bus['request'] = (...args) => this.bus.request(...args);
  readonly respond: Bus['respond'] = (...args) => this.bus.respond(...args);
  readonly workQueue: Bus['workQueue'] = (...args) => this.bus.workQueue(...args);
  readonly onReconnect: Bus['onReconnect'] = (...args) => this.bus.onReconnect(...args);

  get isConnected(): boolean {
    return this.bus.isConnected;
  }

  drain(): Promise<void> {
    return this.bus.drain();
  }

  private countOvertaker(): void {
    for (const message of this.waiting) {
      message.overtakers -= 1;
      if (message.overtakers >= 0) continue;
      this.waiting.delete(message);
      message.deliver();
    }
  }
}
