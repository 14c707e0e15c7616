/**
 * What all tools of a turn share: the chat as it was when the turn called its first tool, and whatever tools look up for themselves,
 * once a turn, however many calls there are and however many of them run side by side.
 *
 * Lives in memory only: after a takeover it is looked up again. Bounded; the context that was least recently used goes first.
 */
import type { ChatHead, TranscriptRow } from '@parley/chat-state';
import { LRUCache } from 'lru-cache';

export interface TurnContext {
  readonly chat: ChatHead;
}

const MAX_TURNS = 5_000;
const MAX_BYTES = 32 * 1024 * 1024;

interface KnownTurn {
  /** The message that the turn answers. */
  readonly userMessageId: number;
  readonly context: TurnContext;
}

export class TurnContexts {
  private readonly turns = new LRUCache<string, KnownTurn>({
    max: MAX_TURNS,
    maxSize: MAX_BYTES,
    sizeCalculation: ({ context }) => 2 * JSON.stringify(context.chat).length,
  });

  /** The context of the turn that this history is in. */
  of(chat: ChatHead, rows: readonly TranscriptRow[]): TurnContext {
    const userMessageId = rows.findLast((row) => row.role === 'user')?.id ?? 0;
    const known = this.turns.get(chat.id);
    if (known?.userMessageId === userMessageId) return known.context;
    const context = { chat };
    this.turns.set(chat.id, { userMessageId, context });
    return context;
  }
}

/** Makes a look-up that is done once a turn. One that failed is done again for whoever asks next. */
export function perTurn<T>(look: (turn: TurnContext) => Promise<T>): (turn: TurnContext) => Promise<T> {
  const found = new WeakMap<TurnContext, Promise<T>>();
  return (turn) => {
    const known = found.get(turn);
    if (known !== undefined) return known;
    const looking = look(turn).catch((error: unknown) => {
      found.delete(turn);
      throw error;
    });
    found.set(turn, looking);
    return looking;
  };
}
