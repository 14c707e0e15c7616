/** One connection to a chat's stream, as an async iterable of events. It does not reconnect: `followChat` does, with the cursor of the last event. */
import type { StreamEvent } from '@parley/contracts';
import { openConnection, type ConnectionOptions, type Received } from './connection';
import type { ParleyClient } from './parley-client';

/** An event, with the place in the stream that follows it. */
export type PlacedEvent = StreamEvent & { cursor?: string };

export interface StreamOptions extends ConnectionOptions {
  chatId: string;
  /** Only messages with a greater id are sent first; 0 or absent: all. */
  afterId?: number;
  /** Where an earlier stream of this chat ended: only what is lacking is sent. Wins over `afterId`. */
  cursor?: string;
  /** False: nobody looks, so the user is notified by other ways. Default true. */
  isWatching?: boolean;
}

/** Ends by throwing `StreamClosedError` when the server or the network closes it. @throws ApiError when it is refused */
export async function* openStream(client: ParleyClient, options: StreamOptions): AsyncGenerator<PlacedEvent> {
  for await (const events of openBatches(client, options)) yield* events;
}

/** The same, with what arrived together in one batch. */
export async function* openBatches(
  client: ParleyClient,
  options: StreamOptions,
): AsyncGenerator<PlacedEvent[]> {
  const stream = { path: streamPath(options), kind: 'chat' as const };
  for await (const received of openConnection(client, stream, options)) {
    const events = received.flatMap(toEvents);
    // An empty one only shows life.
    if (events.length > 0) yield events;
  }
}

function streamPath({ chatId, afterId, cursor, isWatching }: StreamOptions): string {
  const query = new URLSearchParams();
  // An empty cursor asks for cursors and says that there is none yet.
  query.set('cursor', cursor ?? '');
  if (cursor === undefined && afterId !== undefined) query.set('after_id', String(afterId));
  if (isWatching === false) query.set('watching', 'false');
  return `/chats/${chatId}/stream?${query.toString()}`;
}

function toEvents({ json, id }: Received): PlacedEvent[] {
  if (Array.isArray(json)) return json as PlacedEvent[];
  return [{ ...(json as StreamEvent), ...(id === undefined ? {} : { cursor: id }) }];
}
