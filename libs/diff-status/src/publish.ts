/** Tells a user's watchers that the branch or pull request of a chat changed. A lost event costs a client a stale badge. */
import type { Bus } from '@parley/bus';
import { subjects, type Chat } from '@parley/contracts';
import type { Queryable } from '@parley/database';
import { withDiffStatuses } from './reads';

/** `chat` as clients see it; its status is read here, after the write that changed it. One statement. */
export async function publishDiffStatusChange(
  store: { readonly database: Queryable; readonly bus: Bus },
  chat: Chat,
): Promise<void> {
  const [changed] = await withDiffStatuses(store.database, [chat]);
  if (changed === undefined) return;
  store.bus.publish(subjects.userChats(chat.owner_id), { kind: 'diff_status_change', chat: changed });
}
