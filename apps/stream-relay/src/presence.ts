/**
 * Who looks at their chat right now: while an owner has a stream of it open here, this relay answers on the bus for that user and
 * chat, and while nobody has, nobody answers. So asking costs those who ask, and looking costs one subscription.
 *
 * A page that is open but hidden says so with `watching=false` when it opens its stream.
 */
import type { Bus, Subscription } from '@parley/bus';
import { subjects } from '@parley/contracts';

export interface PresenceOptions {
  readonly bus: Pick<Bus, 'respond'>;
  readonly logger: { warn(fields: object, message: string): void };
}

interface Viewing {
  streams: number;
  subscription: Subscription | null;
}

export class Presence {
  private readonly viewings = new Map<string, Viewing>();

  constructor(private readonly options: PresenceOptions) {}

  /** A stream begins. Returns what to call when it has ended. */
  enter(viewer: { readonly userId: string; readonly chatId: string }): () => void {
    const name = `${viewer.userId} ${viewer.chatId}`;
    const viewing = this.viewings.get(name) ?? this.begin(name, viewer);
    viewing.streams += 1;
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      viewing.streams -= 1;
      if (viewing.streams > 0) return;
      this.viewings.delete(name);
      viewing.subscription?.unsubscribe();
    };
  }

  private begin(name: string, { userId, chatId }: { userId: string; chatId: string }): Viewing {
    const viewing: Viewing = { streams: 0, subscription: null };
    this.viewings.set(name, viewing);
    // While the bus is away this stays pending, and nobody could ask; when it closes, it rejects.
    this.options.bus
      .respond(subjects.presence(userId, chatId), () => ({ is_watching: viewing.streams > 0 }))
      .then(
        (subscription) => {
          if (viewing.streams > 0) viewing.subscription = subscription;
          else subscription.unsubscribe();
        },
        (error: unknown) => {
          if (viewing.streams > 0)
            this.options.logger.warn({ err: error, chat_id: chatId }, 'Could not show a presence');
        },
      );
    return viewing;
  }
}
