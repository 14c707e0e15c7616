/**
 * A chat followed for as long as one likes: yields the whole view of it after each change, and reconnects by itself.
 *
 * After a lost connection it resumes from the cursor of the last event, so nothing is missed or shown twice, whichever replica
 * answers. A view that is only half there, as while a long history comes or between the events of one step, is never yielded.
 */
import { ChatView } from './chat-view';
import { openBatches, type PlacedEvent, type StreamOptions } from './open-stream';
import type { ParleyClient } from './parley-client';
import { reconnecting, type ReconnectOptions } from './resilient';
import { Settling } from './settling';

export interface FollowOptions extends Omit<StreamOptions, 'cursor' | 'afterId'>, ReconnectOptions {
  /** Told of each event, with the view as it is before it, which may be half there. */
  onEvent?: (event: PlacedEvent, before: ChatView) => void;
}

/** The same `ChatView` each time, changed. Ends when `signal` aborts or the consumer leaves. @throws ApiError */
export async function* followChat(client: ParleyClient, options: FollowOptions): AsyncGenerator<ChatView> {
  const view = new ChatView();
  const settling = new Settling();
  let cursor: string | undefined;
  const batches = reconnecting(
    {
      connect: () => openBatches(client, { ...options, ...(cursor === undefined ? {} : { cursor }) }),
      check: options.webSocket && (() => client.getChat(options.chatId)),
    },
    options,
  );
  for await (const batch of batches) {
    for (const event of batch) {
      options.onEvent?.(event, view);
      view.apply(event);
      settling.take(event);
      cursor = event.cursor ?? cursor;
    }
    if (view.isComplete && settling.isSettled) yield view;
  }
}
