/** A bus that keeps what is published until the scenario delivers it: late, twice, in another order, or never. */
import type { Bus } from '@parley/bus';
import type { Subject } from '@parley/contracts';

export interface Letter {
  subject: string;
  payload: unknown;
}

const notUsed = (): never => {
  throw new Error('Chat state only publishes');
};

export class ChaosBus implements Bus {
  readonly letters: Letter[] = [];
  /** Somebody whom no letter fails to reach, and at once. */
  onLetter: (letter: Letter) => void = () => undefined;
  readonly isConnected = true;
  readonly subscribe = notUsed;
  readonly request = notUsed;
  readonly respond = notUsed;
  readonly workQueue = notUsed;
  readonly onReconnect = notUsed;

  publish<Payload>({ subject }: Subject<Payload>, payload: Payload): void {
    const letter: Letter = { subject, payload: JSON.parse(JSON.stringify(payload)) };
    this.letters.push(letter);
    this.onLetter(letter);
  }

  /** Any one of the letters that wait; undefined when there is none. */
  take(pick: number, { andKeep = false }: { andKeep?: boolean } = {}): Letter | undefined {
    if (this.letters.length === 0) return undefined;
    const index = pick % this.letters.length;
    return andKeep ? this.letters[index] : this.letters.splice(index, 1)[0];
  }

  drain(): Promise<void> {
    return Promise.resolve();
  }
}

/** The bus of a process that is killed after its commit, before it could tell anyone. */
export class SilentBus extends ChaosBus {
  override publish(): void {}
}
