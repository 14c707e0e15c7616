/**
 * The model forgets, the user does not: a boundary row that only the model sees, empty, and a visible pair of call and result
 * that shows where it is. The prompt starts at the newest boundary.
 */
import { randomUUID } from 'node:crypto';
import { applyTransition } from '../apply-transition';
import { encodeMessages } from '../rows/message-row';
import { transitionStatement } from '../transition-statement';
import type { ChatStore, Done, NewMessage, Refused } from '../types';
import { HAS_CONTEXT } from './context-to-drop';

export interface ClearContextInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  /** Of the visible pair. Default: a random one. */
  toolCallId?: string;
}

const CLEAR_CONTEXT = transitionStatement('clear_context', {
  when: `l.owner_id = coalesce($2, l.owner_id) and not l.archived
    and l.status in ('waiting', 'error') and l.queue = '[]' and ${HAS_CONTEXT}`,
  status: "'waiting'",
  after: '$3::jsonb',
});

/** Sets a boundary that the model does not see past; the history stays visible. */
export function clearContext(
  store: ChatStore,
  { chatId, ownerId, toolCallId = `chat_cleared_${randomUUID()}` }: ClearContextInput,
): Promise<Done | Refused> {
  return applyTransition(store, {
    transition: 'clear_context',
    statement: CLEAR_CONTEXT,
    values: [chatId, ownerId ?? null, encodeMessages(boundary(toolCallId))],
    underLock: true,
    ownerId,
    otherwise: 'nothing_to_clear',
  });
}

function boundary(toolCallId: string): NewMessage[] {
  const call = { tool_call_id: toolCallId, tool_name: 'chat_cleared' };
  return [
    { role: 'user', content: [], visibility: 'model', compressed: true },
    {
      role: 'assistant',
      content: [{ type: 'tool-call', ...call, args: {} }],
      visibility: 'user',
      compressed: true,
    },
    {
      role: 'tool',
      content: [{ type: 'tool-result', ...call, result: 'The model no longer sees what came before.' }],
      visibility: 'user',
      compressed: true,
    },
  ];
}
