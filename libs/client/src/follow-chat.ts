/**
 * A chat followed for as long as one likes: yields the whole view of it after each change, and reconnects by itself.
 *
 * After a lost connection it resumes from the cursor of the last event, so nothing is missed or shown twice, whichever replica
 * answers. A view that is only half there, as while a long history comes, is never yielded.
 */
import { ChatView } from './chat-view';
import { openBatches, type StreamOptions } from './open-stream';
import type { ParleyClient } from './parley-client';
import { reconnecting, type ReconnectOptions } from './resilient';

export interface FollowOptions extends Omit<StreamOptions, 'cursor' | 'afterId'>, ReconnectOptions {}

/** The same `ChatView` each time, changed. Ends when `signal` aborts or the consumer leaves. @throws ApiError */
export async function* followChat(client: ParleyClient, options: FollowOptions): AsyncGenerator<ChatView> {
  const view = new ChatView();
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
      view.apply(event);
      cursor = event.cursor ?? cursor;
    }
    if (view.isComplete) yield view;
  }
}
