/** A person, who acts on what the viewer shows: it may be old, and then the answer is a refusal. */
import type { ChatMessage } from '@parley/contracts';
import { textContent } from '../testing/fixture';
import { clearContext } from '../transitions/clear-context';
import { completeAction } from '../transitions/complete-action';
import { deleteQueued } from '../transitions/delete-queued';
import { edit } from '../transitions/edit';
import { interrupt } from '../transitions/interrupt';
import { promoteQueued } from '../transitions/promote-queued';
import { requestCompaction } from '../transitions/request-compaction';
import { send } from '../transitions/send';
import { setArchived } from '../transitions/set-archived';
import type { ChatStore, Done, Refused } from '../types';
import type { ModelViewer } from './model-viewer';
import type { ClientAction, Fate } from './scenario';
import { CutOff, type ModelChat, type World } from './world';

interface Act {
  chat: ModelChat;
  viewer: ModelViewer;
  action: ClientAction;
  pick: number;
  fate: Fate;
}

export async function actAsClient(world: World, act: Act): Promise<void> {
  try {
    const result = await perform(world, act);
    if (result?.ok) act.chat.ledger.note(result);
  } catch (error) {
    if (!(error instanceof CutOff)) throw error;
  }
}

const at = <Item>(items: readonly Item[], pick: number): Item | undefined => items[pick % items.length];

function perform(world: World, act: Act): Promise<Done | Refused | undefined> {
  const { chat, viewer, action, pick } = act;
  const store = world.store(act.fate, world.gateway(pick));
  const own = { chatId: chat.id, ownerId: world.ownerId };
  const queuedMessageId = at(viewer.queue, pick)?.id ?? 1;
  switch (action) {
    case 'send_queue':
    case 'send_interrupt':
      return sendText(world, act);
    case 'edit':
      return editText(world, act);
    case 'delete_queued':
      return withdraw(store, { ...own, queuedMessageId }, chat);
    case 'promote_queued':
      return promote(store, { ...own, queuedMessageId }, chat);
    case 'interrupt':
      return interrupt(store, own);
    case 'complete_action':
      return completeAction(store, { ...own, results: resultsFor(viewer, pick) });
    case 'request_compaction':
      return requestCompaction(store, own);
    case 'clear_context':
      return clearContext(store, own);
    case 'archive':
    case 'unarchive':
      return archiveFamily(world, store, action === 'archive');
  }
}

async function sendText(world: World, { chat, action, pick, fate }: Act): Promise<Done | Refused> {
  const text = world.text('user');
  const busyBehavior = action === 'send_queue' ? 'queue' : 'interrupt';
  const input = {
    chatId: chat.id,
    ownerId: world.ownerId,
    content: textContent(text),
    busyBehavior,
  } as const;
  const result = await send(world.store(fate, world.gateway(pick)), input);
  if (!result.ok) {
    chat.ledger.refused.add(text);
    return result;
  }
  const passedQueue = !result.queued && result.chat.queue.length > 0 && textOf(result.message) === text;
  chat.ledger.sent.set(text, {
    version: result.chat.version,
    queued: textOf(result.message) !== text,
    moved: passedQueue,
    withdrawn: false,
  });
  return result;
}

async function editText(
  world: World,
  { chat, viewer, pick, fate }: Act,
): Promise<Done | Refused | undefined> {
  const message = at(viewer.messages, pick);
  if (message === undefined) return undefined;
  const text = world.text('user');
  const input = {
    chatId: chat.id,
    ownerId: world.ownerId,
    messageId: message.id,
    content: textContent(text),
  };
  const result = await edit(world.store(fate, world.gateway(pick)), input).catch((error: unknown) => {
    chat.ledger.refused.add(text);
    throw error;
  });
  if (!result.ok) {
    chat.ledger.refused.add(text);
    return result;
  }
  const { version } = result.chat;
  chat.ledger.edits.push({ version, messageId: message.id });
  chat.ledger.sent.set(text, { version, queued: false, moved: false, withdrawn: false });
  return result;
}

type QueuedChoice = { chatId: string; ownerId: string; queuedMessageId: number };

/** A queued message's id is the version that accepted it. */
async function withdraw(
  store: ChatStore,
  input: QueuedChoice,
  { ledger }: ModelChat,
): Promise<Done | Refused> {
  const result = await deleteQueued(store, input);
  for (const sent of ledger.sent.values())
    if (result.ok && sent.version === input.queuedMessageId) sent.withdrawn = true;
  return result;
}

async function promote(
  store: ChatStore,
  input: QueuedChoice,
  { ledger }: ModelChat,
): Promise<Done | Refused> {
  const result = await promoteQueued(store, input);
  for (const sent of ledger.sent.values())
    if (result.ok && sent.version === input.queuedMessageId) sent.moved = true;
  return result;
}

/** Mostly what was asked for; at times one too few, one twice or one of another call, which must be refused. */
function resultsFor(viewer: ModelViewer, pick: number) {
  const results = viewer.openCalls.map((call) => ({
    toolCallId: call.tool_call_id,
    output: { found: pick },
    isError: pick % 2 === 0,
  }));
  if (pick % 5 === 0) return results.slice(1);
  if (pick % 11 === 0)
    return results.map((result) => ({ ...result, toolCallId: `other ${result.toolCallId}` }));
  return pick % 7 === 0 ? [...results, ...results.slice(0, 1)] : results;
}

/** The first chat is the root of all. */
async function archiveFamily(
  world: World,
  store: ChatStore,
  archived: boolean,
): Promise<Done | Refused | undefined> {
  const [root, ...others] = world.chats;
  if (root === undefined) return undefined;
  const result = await setArchived(store, { chatId: root.id, ownerId: world.ownerId, archived });
  if (!result.ok) return undefined;
  root.ledger.note(result);
  for (const child of result.children)
    others.find((chat) => chat.id === child.id)?.ledger.noteVersion(child.version);
  return undefined;
}

function textOf(message: ChatMessage | undefined): string | undefined {
  const part = message?.content[0];
  return part?.type === 'text' ? part.text : undefined;
}
