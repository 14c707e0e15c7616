/**
 * `GET /chats/watch`: what changes in the list of one user's chats, as it comes from the bus. One subscription a user, shared
 * by all who watch here. Nothing is replayed: a client reads its list once the stream is open, and again when it reconnects. So
 * after the bus was away, when events may be lost, every stream is ended and invited back.
 */
import type { Bus, Subscription } from '@parley/bus';
import { subjects, type WatchEvent } from '@parley/contracts';
import type { Outgoing } from './encoded-event';
import { HttpRefusal } from './http-refusal';
import { SingleFlight } from './tasks';
import type { Viewer } from './viewer';

export interface WatchListsOptions {
  readonly bus: Bus;
}

interface WatchList {
  readonly viewers: Set<Viewer>;
  readonly subscription: Subscription;
  holds: number;
}

export class WatchLists {
  private readonly lists = new Map<string, WatchList>();
  private readonly opening = new SingleFlight<WatchList>();
  private readonly stopListening: () => void;

  constructor(private readonly options: WatchListsOptions) {
    this.stopListening = options.bus.onReconnect(() => this.endAll());
  }

  /** Resolves when the bus has confirmed the subscription. @throws HttpRefusal 503 while the bus is away */
  async open(userId: string): Promise<{ begin: (viewer: Viewer) => void; release: () => void }> {
    if (!this.options.bus.isConnected)
      throw new HttpRefusal(503, 'The service is restarting: try again.', {
        headers: { 'Retry-After': '2' },
      });
    const known = this.lists.get(userId);
    const list = known ?? (await this.opening.run(userId, () => this.subscribe(userId)));
    list.holds += 1;
    let isHeld = true;
    return {
      begin: (viewer) => {
        list.viewers.add(viewer);
        viewer.onClosed(() => list.viewers.delete(viewer));
      },
      release: () => {
        if (!isHeld) return;
        isHeld = false;
        list.holds -= 1;
        if (list.holds > 0) return;
        list.subscription.unsubscribe();
        this.lists.delete(userId);
      },
    };
  }

  async stop(): Promise<void> {
    this.stopListening();
    const lists = [...this.lists.values()];
    this.lists.clear();
    await Promise.all(lists.map(({ subscription }) => subscription.drain()));
  }

  private endAll(): void {
    for (const { viewers } of this.lists.values())
      for (const viewer of [...viewers]) viewer.close('unavailable');
  }

  private async subscribe(userId: string): Promise<WatchList> {
    const viewers = new Set<Viewer>();
    const subscription = await this.options.bus.subscribe(subjects.userChats(userId), (event) => {
      const outgoing = new OutgoingWatchEvent(event);
      for (const viewer of viewers) viewer.send(outgoing);
    });
    const list: WatchList = { viewers, subscription, holds: 0 };
    this.lists.set(userId, list);
    return list;
  }
}

/** One event a frame, as an object; encoded once. */
class OutgoingWatchEvent implements Outgoing {
  readonly count = 1;
  private readonly json: string;
  private frames: readonly Buffer[] | undefined;

  constructor(event: WatchEvent) {
    this.json = JSON.stringify(event);
  }

  get webSocketFrames(): readonly Buffer[] {
    this.frames ??= [Buffer.from(this.json)];
    return this.frames;
  }

  get webSocketFramesWithCursor(): readonly Buffer[] {
    return this.webSocketFrames;
  }

  get serverSentEvents(): Buffer {
    return Buffer.from(`data: ${this.json}\n\n`);
  }
}
