/**
 * A root is archived or taken back with all its children, or none: one member that is at work refuses for all.
 *
 * The root is locked first; children are created under a lock of their root, so that the statement after it sees all of them.
 */
import { isDone, queryUnderLock, refusal, stateOf, toDone, type Answer } from '../apply-transition';
import { publishChange } from '../publish-change';
import { isLegal } from '../transition-table';
import { transitionStatement } from '../transition-statement';
import type { ChatHead, ChatStore, Done, Refused } from '../types';

export interface SetArchivedInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  archived: boolean;
}

const SET_ARCHIVED = transitionStatement('set_archived', {
  lock: 'chats c where c.id = $1 or c.root_chat_id = $1 order by c.id for no key update',
  when: `not exists (
    select from l member where member.owner_id <> coalesce($2, member.owner_id) or member.archived = $3
      or member.status not in ('waiting', 'error') or (member.id = $1 and member.parent_chat_id is not null))`,
  archived: '$3::boolean',
  worker: 'case when not w.archived then l.worker_id end',
  runner: 'case when not w.archived then l.runner_id end',
  turn: 'true',
  set: 'pin_order = case when w.archived then 0 else c.pin_order end',
  also: { columns: 'l.parent_chat_id as from_parent_chat_id' },
});

type FamilyRow = Answer & { from_parent_chat_id: string | null };

/** Archives or unarchives a root with all its children, or none. */
export async function setArchived(
  store: ChatStore,
  { chatId, ownerId, archived }: SetArchivedInput,
): Promise<Done<{ children: ChatHead[] }> | Refused> {
  const application = {
    transition: archived ? 'archive' : 'unarchive',
    statement: SET_ARCHIVED,
    values: [chatId, ownerId ?? null, archived],
    ownerId,
  } as const;
  const family = await queryUnderLock<FamilyRow>(store, application);
  const root = family.find((row) => row.from_id === chatId);
  if (root === undefined || !isDone(root)) {
    const offender = family.find((row) => !isLegal(stateOf(row), application.transition));
    const otherwise = root?.from_parent_chat_id == null ? 'illegal_transition' : 'not_a_root';
    return refusal(otherwise === 'not_a_root' ? root : (offender ?? root), { ...application, otherwise });
  }
  const members = family.filter(isDone).map((row) => {
    const done = toDone(row);
    publishChange(store, { ...done, from: row, wakesOwner: true });
    return done;
  });
  const children = members.map(({ chat }) => chat).filter((chat) => chat.id !== chatId);
  return { ...toDone(root), children };
}
