/**
 * `PATCH /chats/{chat}`: names, labels and pins are one write; archiving is a transition of the whole family.
 *
 * A body that asks for both is archived, or taken back, first: that is what can be refused, and then nothing has changed.
 */
import { setArchived, updateChat, type ChatStore, type SetArchivedInput } from '@parley/chat-state';
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
  const { archived, title, labels, plan_mode: planMode } = body;
  // Archiving unpins by itself.
  const pinOrder = archived === true && body.pin_order === 0 ? undefined : body.pin_order;
  if (archived === true && pinOrder !== undefined)
    throw invalidField('pin_order', 'must be 0 or absent where the chat is archived');
  const target = { chatId, ...updaterCondition(actor) };
  if (archived !== undefined) await applyArchived(store, { ...target, archived });
  const isArchiveOnly = archived !== undefined && Object.keys(body).length === 1;
  if (isArchiveOnly) return;
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

async function applyArchived(store: ChatStore, input: SetArchivedInput): Promise<void> {
  const { archived } = input;
  const result = await setArchived(store, input);
  if (result.ok) return;
  // Also of a chat at work: it cannot be archived now, but it need not be taken back either.
  const isAlreadyThere = result.state?.startsWith('archived:') === archived;
  if (isAlreadyThere && result.reason !== 'not_a_root')
    throw invalidField('archived', `is ${String(archived)} already`);
  throw toRefusal(result);
}
