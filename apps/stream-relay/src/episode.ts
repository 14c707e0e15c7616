/**
 * The live parts of one episode: one attempt of a model at one history, numbered from 1.
 *
 * Gives each part out once and in order, whatever the bus lost, doubled or reordered; those behind a hole wait. Keeps all that
 * it gave out for viewers who join in the middle, up to its bound: beyond it the tail still flows to those who followed from
 * the start (`isWhole` is then false), and whoever joins sees the committed message instead. So it is too when memory is short.
 */
import type { LivePart } from '@parley/contracts';
import type { EncodedPart } from './encoded-event';

export interface EpisodeKey {
  readonly historyVersion: number;
  readonly attempt: number;
}

export interface NumberedPart extends EncodedPart {
  readonly seq: number;
}

export function isSameEpisode(a: EpisodeKey, b: EpisodeKey): boolean {
  return a.historyVersion === b.historyVersion && a.attempt === b.attempt;
}

export function isNewerEpisode(a: EpisodeKey, b: EpisodeKey): boolean {
  return (
    a.historyVersion > b.historyVersion || (a.historyVersion === b.historyVersion && a.attempt > b.attempt)
  );
}

export class Episode {
  private kept: NumberedPart[] = [];
  private keptBytes = 0;
  private isOverfull = false;
  private waiting: Map<number, EncodedPart> | undefined;
  private waitingBytes = 0;
  private nextSeq = 1;
  private highestSeq = 0;

  constructor(
    readonly key: EpisodeKey,
    private readonly maxBytes: number,
  ) {}

  get bytes(): number {
    return this.keptBytes + this.waitingBytes;
  }

  /** The last part given out; 0 at the start. */
  get lastSeq(): number {
    return this.nextSeq - 1;
  }

  /** Whether every part given out is still here. */
  get isWhole(): boolean {
    return !this.isOverfull;
  }

  /** Later parts came, earlier ones did not. */
  get hasHole(): boolean {
    return this.highestSeq >= this.nextSeq;
  }

  /** Takes parts numbered from `firstSeq` and returns those that are now in order. */
  take(firstSeq: number, parts: readonly LivePart[]): NumberedPart[] {
    const inOrder: NumberedPart[] = [];
    parts.forEach((part, index) => {
      const seq = firstSeq + index;
      if (seq < this.nextSeq || this.waiting?.has(seq) === true) return;
      this.highestSeq = Math.max(this.highestSeq, seq);
      const encoded = { role: part.role, json: JSON.stringify(part.part) };
      if (seq === this.nextSeq) this.giveOut(encoded, inOrder);
      else this.wait(seq, encoded);
    });
    return inOrder;
  }

  /** The kept parts after `seq`. */
  after(seq: number): readonly NumberedPart[] {
    return this.kept.slice(seq);
  }

  /** Keeps nothing from here on; what waited behind a hole comes again with what fills it. */
  forget(): void {
    if (this.bytes === 0) return;
    this.isOverfull = true;
    this.kept = [];
    this.keptBytes = 0;
    this.waiting = undefined;
    this.waitingBytes = 0;
  }

  private giveOut(part: EncodedPart, inOrder: NumberedPart[]): void {
    for (let next: EncodedPart | undefined = part; next !== undefined; next = this.unwait(this.nextSeq)) {
      const numbered = { ...next, seq: this.nextSeq };
      inOrder.push(numbered);
      this.keep(numbered);
      this.nextSeq += 1;
    }
  }

  /** When there is no more room behind a hole, filling the hole brings the part again. */
  private wait(seq: number, part: EncodedPart): void {
    if (this.waitingBytes + part.json.length > this.maxBytes) return;
    (this.waiting ??= new Map()).set(seq, part);
    this.waitingBytes += part.json.length;
  }

  private unwait(seq: number): EncodedPart | undefined {
    const part = this.waiting?.get(seq);
    if (part === undefined) return undefined;
    this.waiting?.delete(seq);
    this.waitingBytes -= part.json.length;
    return part;
  }

  private keep(part: NumberedPart): void {
    if (this.isOverfull) return;
    this.kept.push(part);
    this.keptBytes += part.json.length;
    if (this.keptBytes <= this.maxBytes) return;
    this.isOverfull = true;
    this.kept = [];
    this.keptBytes = 0;
  }
}
