/**
 * Who listens in the in-process bus. Concrete subjects are found by name, so that thousands of watched chats cost a lookup;
 * only patterns with wildcards are tried one by one. Members of one queue group take turns.
 */
import type { BusHeaders } from './bus';
import { isWildcard, subjectMatcher } from './subject';

export interface Delivery {
  readonly subject: string;
  readonly json: string;
  readonly headers: BusHeaders;
  /** Present when somebody waits for an answer. */
  readonly reply?: (answer: Answer) => void;
}

export type Answer = { readonly json: string } | { readonly failure: string };

export interface Receiver {
  readonly pattern: string;
  readonly queue: string | undefined;
  deliver(delivery: Delivery): void;
}

export class Receivers {
  private readonly exact = new Map<string, Set<Receiver>>();
  private readonly wildcards = new Map<Receiver, (subject: string) => boolean>();
  private readonly turns = new Map<string, number>();

  add(receiver: Receiver): void {
    if (isWildcard(receiver.pattern)) {
      this.wildcards.set(receiver, subjectMatcher(receiver.pattern));
      return;
    }
    const same = this.exact.get(receiver.pattern) ?? new Set();
    this.exact.set(receiver.pattern, same.add(receiver));
  }

  remove(receiver: Receiver): void {
    this.wildcards.delete(receiver);
    const same = this.exact.get(receiver.pattern);
    if (same?.delete(receiver) && same.size === 0) this.exact.delete(receiver.pattern);
    if (receiver.queue !== undefined && !this.hasQueue(receiver.queue)) this.turns.delete(receiver.queue);
  }

  /** Those who get a message on `subject`: all without a queue group, and one of each group. */
  of(subject: string): Receiver[] {
    const chosen: Receiver[] = [];
    const groups = new Map<string, Receiver[]>();
    for (const receiver of this.matching(subject)) {
      if (receiver.queue === undefined) chosen.push(receiver);
      else groups.set(receiver.queue, [...(groups.get(receiver.queue) ?? []), receiver]);
    }
    for (const [queue, members] of groups) {
      const turn = this.turns.get(queue) ?? 0;
      this.turns.set(queue, turn + 1);
      const member = members[turn % members.length];
      if (member) chosen.push(member);
    }
    return chosen;
  }

  private *matching(subject: string): Iterable<Receiver> {
    yield* this.exact.get(subject) ?? [];
    for (const [receiver, matches] of this.wildcards) if (matches(subject)) yield receiver;
  }

  private hasQueue(queue: string): boolean {
    for (const receiver of this.wildcards.keys()) if (receiver.queue === queue) return true;
    for (const same of this.exact.values())
      for (const receiver of same) if (receiver.queue === queue) return true;
    return false;
  }
}
