/** `PATCH /chats/{chat}`: names, labels and pins are one write; archiving is a transition of the whole family. */
import { setArchived, updateChat, type ChatStore } from '@parley/chat-state';
import type { UpdateChatRequest } from '@parley/contracts';
import type { Actor } from '@parley/identity';
import { invalidField } from '../http/api-error';
import { accepted, updaterCondition } from './chat-access';
import { assertNoForeignParts } from './content';
import { toRefusal } from './refusals';

export async function applyUpdate(
  store: ChatStore,
  asked: { chatId: string; actor: Actor; body: UpdateChatRequest },
): Promise<void> {
  const { chatId, actor, body } = asked;
  assertNoForeignParts(body);
  const { archived, title, labels, pin_order: pinOrder, plan_mode: planMode } = body;
  const target = { chatId, ...updaterCondition(actor) };
  const isArchiveOnly = archived !== undefined && Object.keys(body).length === 1;
  if (!isArchiveOnly) {
    accepted(
      await updateChat(store, {
        ...target,
        ...(title === undefined ? {} : { title }),
        ...(labels === undefined ? {} : { labels }),
        ...(pinOrder === undefined ? {} : { pinOrder }),
        ...(planMode === undefined ? {} : { planMode }),
      }),
    );
  }
  if (archived === undefined) return;
  const result = await setArchived(store, { ...target, archived });
  if (result.ok) return;
  const isAlreadyThere = (result.state ?? '').startsWith('archived:') === archived;
  if (result.state !== undefined && isAlreadyThere && result.reason !== 'not_a_root') {
    if (archived || result.state === 'waiting' || result.state.startsWith('error')) {
      throw invalidField('archived', `is ${String(archived)} already`);
    }
  }
  throw toRefusal(result);
}
