/** A user who stops an answer, or says something else instead: what of it the platform took, and what had been seen by then. */
import { RefusedError } from './errors';
import type { ChatSession, TurnWish } from './chat-session';
import type { Turn } from './turn';
import { hasParts } from './turn-end';

const NOTHING_RUNS = 409;

export class Interruptions {
  constructor(private readonly session: ChatSession) {}

  /** Stops a turn; when it is refused because nothing runs any more, all of the answer has to be there. @throws RefusedError */
  async stop(turn: Turn): Promise<void> {
    const hadParts = this.hasParts(turn);
    turn.ending = 'cut';
    const status = await this.session.change('POST', '/interrupt');
    if (status < 300) turn.interruption = { takenAtMs: performance.now(), hadParts };
    else if (status === NOTHING_RUNS) turn.ending = 'complete';
    // A 5xx is a finding already, unless a fault explains it; the turn may have been stopped, or not.
    else if (status < 500) throw new RefusedError('interrupt', status, `expected 200 or ${NOTHING_RUNS}`);
  }

  /** Sends a message that does not wait for the turn; resolves when both have ended. */
  async sayInstead(turn: Turn, wish: TurnWish): Promise<void> {
    const hadParts = this.hasParts(turn);
    const isLate = turn.outcome !== 'pending';
    if (!isLate) turn.ending = 'cut';
    const other = await this.session.begin({ ...wish, busyBehavior: 'interrupt' });
    if (!isLate) turn.interruption = { takenAtMs: other.acceptedAtMs, hadParts };
    await this.session.finish(other);
  }

  private hasParts(turn: Turn): boolean {
    return hasParts(turn, this.session.main.fold);
  }
}
