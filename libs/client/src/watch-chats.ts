/**
 * What changes in the list of the user's own chats, for as long as one likes. Nothing is replayed: read the list (again) each
 * time `onOpen` says that a connection is there.
 */
import type { WatchEvent } from '@parley/contracts';
import { openConnection, type ConnectionOptions } from './connection';
import type { ParleyClient } from './parley-client';
import { reconnecting, type ReconnectOptions } from './resilient';

export interface WatchOptions extends ConnectionOptions, ReconnectOptions {}

/** Ends when `signal` aborts or the consumer leaves. @throws ApiError */
export async function* watchChats(
  client: ParleyClient,
  options: WatchOptions = {},
): AsyncGenerator<WatchEvent> {
  const batches = reconnecting(
    {
      connect: () => openConnection(client, { path: '/chats/watch', kind: 'list' }, options),
      check: options.webSocket && (() => client.me()),
    },
    options,
  );
  for await (const batch of batches) yield* batch.map(({ json }) => json as WatchEvent);
}
