/**
 * Which browsers a job has reached already, shared by all replicas: a job that comes back (one of its pushes failed, or its replica
 * died) goes only to the others.
 *
 * A claim comes before the push and lasts longer than a push can; after success it becomes the mark. When a replica dies in the very
 * moment of a push, nobody can know whether it arrived: its claim runs out, and the push is made again, with the same topic
 * and tag, so that the browser shows one. While the store is away every claim is granted: better told twice than not at all.
 */
import { KeyValueUnavailableError, type KeyValue } from '@parley/key-value';

export interface DeliveryLogOptions {
  readonly keyValue: KeyValue;
  /** Longer than a push takes at most. */
  readonly claimMs: number;
  /** Longer than a job may come back. */
  readonly rememberMs: number;
}

/** `busy`: another replica pushes right now, or died doing so. */
export type Claim = 'claimed' | 'sent' | 'busy';

export interface DeliveryKey {
  readonly jobId: string;
  readonly subscriptionId: string;
}

const CLAIMED = 'claimed';
const SENT = 'sent';

export class DeliveryLog {
  constructor(private readonly options: DeliveryLogOptions) {}

  get claimMs(): number {
    return this.options.claimMs;
  }

  async claim(key: DeliveryKey): Promise<Claim> {
    const { keyValue, claimMs } = this.options;
    return this.unlessAway('claimed', async () => {
      if (await keyValue.setIfAbsent(nameOf(key), CLAIMED, { ttlMs: claimMs })) return 'claimed';
      return (await keyValue.get(nameOf(key))) === SENT ? 'sent' : 'busy';
    });
  }

  async markSent(key: DeliveryKey): Promise<void> {
    const { keyValue, rememberMs } = this.options;
    await this.unlessAway(undefined, () => keyValue.set(nameOf(key), SENT, { ttlMs: rememberMs }));
  }

  /** The push did not arrive. */
  async release(key: DeliveryKey): Promise<void> {
    await this.unlessAway(undefined, () => this.options.keyValue.delete(nameOf(key)));
  }

  private async unlessAway<T>(otherwise: T, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof KeyValueUnavailableError) return otherwise;
      throw error;
    }
  }
}

const nameOf = ({ jobId, subscriptionId }: DeliveryKey): string => `push:${jobId}:${subscriptionId}`;
