/**
 * Tells what was committed: the change itself to whoever watches the chat, a wake to the worker it concerns, and an event to
 * its owner's list of chats. All of it comes from what the statement returned; nothing is read again.
 *
 * Only hints and copies: a lost one costs a receiver a read, or a sweep's delay, never a word.
 */
import { MAX_CHANGE_BYTES, subjects, type ChatChange, type WatchEvent } from '@parley/contracts';
import { toClientChat } from './rows/chat-row';
import type { TransitionRow } from './apply-transition';
import type { ChatHead, ChatStore, StoredMessage } from './types';

const RUNNABLE: ReadonlySet<string> = new Set(['running', 'interrupting']);

export interface PublishedChange {
  chat: ChatHead;
  change: ChatChange;
  rows: readonly StoredMessage[];
  /** The row as it was found; absent when the chat is new. */
  from?: Pick<TransitionRow, 'from_status' | 'from_archived'>;
  /** False for what the owner did itself. */
  wakesOwner: boolean;
}

export function publishChange(store: ChatStore, published: PublishedChange): void {
  const { chat } = published;
  const change = withinLimit(published.change);
  store.bus.publish(subjects.chatChanged(chat.id), change);
  publishWake(store, { chat, change, wakesOwner: published.wakesOwner });
  for (const event of watchEvents(published)) store.bus.publish(subjects.userChats(chat.ownerId), event);
}

/** The owner, when it did not make the change itself; with nobody to own a runnable chat, one of all workers. */
function publishWake(
  store: ChatStore,
  { chat, change, wakesOwner }: { chat: ChatHead; change: ChatChange; wakesOwner: boolean },
): void {
  const { id, version, workerId } = chat;
  if (workerId === null) {
    if (RUNNABLE.has(chat.status)) store.bus.publish(subjects.chatReady(), { chat_id: id, version });
  } else if (wakesOwner) {
    store.bus.publish(subjects.workerWake(workerId), {
      chat_id: id,
      version,
      change,
      settings: {
        model_config_id: chat.lastModelConfigId,
        reasoning_effort: chat.lastReasoningEffort,
        plan_mode: chat.planMode,
        mcp_server_ids: chat.mcpServerIds,
      },
    });
  }
}

/** A change too large for the bus goes out without its content. */
function withinLimit(change: ChatChange): ChatChange {
  const hasContent = change.messages !== undefined || change.queue !== undefined;
  if (!hasContent || Buffer.byteLength(JSON.stringify(change)) <= MAX_CHANGE_BYTES) return change;
  const { messages: _messages, queue: _queue, ...rest } = change;
  return { ...rest, truncated: true };
}

/** For a list of chats archiving removes, and unarchiving creates (`chat-api` section 2.4). */
function watchEvents({ chat, from, rows }: PublishedChange): WatchEvent[] {
  const client = toClientChat(chat);
  if (from === undefined) return [{ kind: 'created', chat: client }];
  if (from.from_archived !== chat.archived)
    return [{ kind: chat.archived ? 'deleted' : 'created', chat: client }];
  if (from.from_status === chat.status) return [];
  const changed: WatchEvent = { kind: 'status_change', chat: client };
  if (chat.status !== 'requires_action') return [changed];
  const calls = toolCalls(chat, rows);
  const fits = Buffer.byteLength(JSON.stringify(calls)) <= MAX_CHANGE_BYTES;
  return [changed, { kind: 'action_required', chat: client, ...(fits && { tool_calls: calls }) }];
}

function toolCalls(chat: ChatHead, rows: readonly StoredMessage[]): NonNullable<WatchEvent['tool_calls']> {
  const parts = rows.flatMap((row) => row.content);
  return chat.openCalls.map(({ tool_call_id, tool_name }) => {
    const call = parts.find((part) => part.type === 'tool-call' && part.tool_call_id === tool_call_id);
    const args = call?.type === 'tool-call' ? call.args : undefined;
    return { tool_call_id, tool_name, args: JSON.stringify(args ?? {}) };
  });
}
