/** Who may have which stream. Everything is settled here, the feed open and read, before a stream begins. */
import type { IncomingMessage } from 'node:http';
import { markRead } from '@parley/chat-state';
import type { Database } from '@parley/database';
import type { Start } from './attach';
import type { FeedHold, Feeds } from './feeds';
import { HttpRefusal } from './http-refusal';
import type { Holder, OpenStreams } from './open-streams';
import type { Presence } from './presence';
import {
  assertOwnOrigin,
  assertTakesEventStream,
  readCredentials,
  readStreamRequest,
  type StreamTarget,
} from './stream-request';
import { SingleFlight, type Tasks } from './tasks';
import type { Viewer } from './viewer';
import type { WatchLists } from './watch-lists';

/** A stream that may begin. `release` gives back all that was taken for it. */
export interface Admission extends Holder {
  readonly showsCursors: boolean;
  begin(viewer: Viewer): void;
  release(): void;
}

type Subject = Pick<Admission, 'begin' | 'release'>;

export interface AdmissionsOptions {
  readonly database: Database;
  readonly streams: OpenStreams;
  readonly feeds: Feeds;
  readonly watchLists: WatchLists;
  readonly presence: Presence;
  readonly tasks: Tasks;
}

export class Admissions {
  private readonly markings = new SingleFlight<void>();

  constructor(private readonly options: AdmissionsOptions) {}

  /** @throws HttpRefusal, and what Postgres throws. */
  async admit(request: IncomingMessage, { isUpgrade }: { isUpgrade: boolean }): Promise<Admission> {
    const { target, start, showsCursors, isWatching } = readStreamRequest(request);
    if (!isUpgrade) assertTakesEventStream(request.headers);
    const giveBack = this.options.streams.reserve();
    try {
      const holder = await this.authenticate(request, isUpgrade);
      const subject = await this.open(target, { holder, start, isWatching });
      const release = (): void => {
        subject.release();
        giveBack();
      };
      return { ...holder, showsCursors, begin: (viewer) => subject.begin(viewer), release };
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  private async authenticate({ headers }: IncomingMessage, isUpgrade: boolean): Promise<Holder> {
    const credentials = readCredentials(headers);
    if (credentials?.isCookie === true && isUpgrade) assertOwnOrigin(headers);
    const holder = credentials === null ? null : await this.options.streams.identify(credentials.token);
    if (holder !== null) return holder;
    throw new HttpRefusal(
      401,
      'Send a valid token as Coder-Session-Token, as Authorization: Bearer, or as the session cookie.',
    );
  }

  private async open(
    target: StreamTarget,
    { holder, start, isWatching }: { holder: Holder; start: Start; isWatching: boolean },
  ): Promise<Subject> {
    const { actor } = holder;
    if (target.kind === 'watch') return this.options.watchLists.open(actor.userId);
    const hold = await this.options.feeds.open(target.chatId);
    const ownerId = hold?.watched.feed.head?.ownerId;
    const isOwner = actor.userId === ownerId;
    // Whether it does not exist or is not theirs must not be told apart.
    if (hold === null || (!isOwner && !actor.isAdmin)) {
      hold?.release();
      throw new HttpRefusal(404, 'There is no such chat.');
    }
    return isOwner ? this.reading(hold, start, isWatching) : watching(hold, start);
  }

  /** The owner's stream marks the chat as read when it begins and when it ends, and shows that the owner is there. */
  private reading(hold: FeedHold, start: Start, isWatching: boolean): Subject {
    const subject = watching(hold, start);
    const { chatId, head } = hold.watched.feed;
    let hasBegun = false;
    let leave = (): void => undefined;
    return {
      begin: (viewer) => {
        hasBegun = true;
        if (isWatching && head !== null)
          leave = this.options.presence.enter({ userId: head.ownerId, chatId });
        this.markRead(hold);
        subject.begin(viewer);
      },
      release: () => {
        leave();
        if (hasBegun) this.markRead(hold);
        subject.release();
      },
    };
  }

  /** Only when there is something new to have read, so that reconnects cost no statement; a failure leaves it to the next stream. */
  private markRead({ watched }: FeedHold): void {
    const { database, tasks } = this.options;
    const { head, chatId, messages } = watched.feed;
    const { lastId } = messages;
    if (head === null || lastId <= watched.readThroughId) return;
    const { ownerId } = head;
    tasks.run('read marker', () =>
      this.markings.run(`${chatId} ${lastId}`, async () => {
        await markRead({ database }, { chatId, ownerId });
        watched.readThroughId = Math.max(watched.readThroughId, lastId);
      }),
    );
  }
}

function watching(hold: FeedHold, start: Start): Subject {
  return {
    begin: (viewer) => hold.watched.attach(viewer, start),
    release: () => hold.release(),
  };
}
