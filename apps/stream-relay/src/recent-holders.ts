/**
 * Whose the tokens of streams that closed lately were, so that those who come back, as after a deploy or a cut network, cost no statement.
 *
 * A stream that stays open is trusted between two looks at its token; who comes back is trusted no longer than if it had stayed
 * open, and only as long as a feed without viewers is kept. What may have changed is forgotten by whoever hears of it.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '@parley/contracts';
import type { Actor } from '@parley/identity';

export interface RecentHoldersOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** How long after its stream closed a holder is known. */
  readonly lingerMs: number;
  /** How long after a look at its token a holder is trusted. */
  readonly trustMs: number;
  readonly maxHolders: number;
}

export interface VerifiedHolder {
  readonly actor: Actor;
  /** When the token was last looked at. */
  readonly verifiedAt: number;
}

/** One in more organizations than this is looked at again, and not remembered: memory is bounded. */
const MAX_ORGANIZATIONS = 64;

export class RecentHolders {
  /** By the hash of the token, the first to leave first. */
  private readonly holders = new Map<string, VerifiedHolder & { readonly leftAt: number }>();

  constructor(private readonly options: RecentHoldersOptions) {}

  remember(token: string, { actor, verifiedAt }: VerifiedHolder): void {
    const { clock, maxHolders } = this.options;
    if (actor.organizationIds.length > MAX_ORGANIZATIONS) return;
    const key = hash(token);
    this.holders.delete(key);
    this.holders.set(key, { actor, verifiedAt, leftAt: clock.now() });
    const [oldest] = this.holders.keys();
    if (this.holders.size > maxHolders && oldest !== undefined) this.holders.delete(oldest);
  }

  recall(token: string): VerifiedHolder | null {
    if (this.holders.size === 0) return null;
    const { clock, lingerMs, trustMs } = this.options;
    const holder = this.holders.get(hash(token));
    if (holder === undefined) return null;
    const now = clock.now();
    return now - holder.leftAt < lingerMs && now - holder.verifiedAt < trustMs ? holder : null;
  }

  /** Forgets the key `id`, every key of the user `id`, or everything. */
  forget(id?: string): void {
    if (id === undefined) return this.holders.clear();
    for (const [key, { actor }] of this.holders)
      if (actor.apiKeyId === id || actor.userId === id) this.holders.delete(key);
  }

  /** Gives back the memory of those who are not trusted any more. */
  sweep(): void {
    const { clock, lingerMs } = this.options;
    for (const [key, { leftAt }] of this.holders) {
      if (clock.now() - leftAt < lingerMs) return;
      this.holders.delete(key);
    }
  }
}

function hash(token: string): string {
  return createHash('sha256').update(token).digest('base64');
}
