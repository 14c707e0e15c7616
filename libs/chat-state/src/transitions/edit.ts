import type { ChatStore, Done, Fence, NewMessage, Refused, SendResult, Stale } from '../types';
import type {
  ChatMessage,
  MessagePart,
  OpenCall,
  ReasoningEffort,
  ChatError,
  ChatRetry,
  DynamicTool,
} from '@parley/contracts';

export interface EditInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId?: string;
  messageId: number;
  content: readonly MessagePart[];
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  mcpServerIds?: readonly string[];
}

/** Replaces a user message: it and all after it are soft-deleted, the queue is emptied, running work is dropped. */
export function edit(
  _store: ChatStore,
  _input: EditInput,
): Promise<Done<{ message: ChatMessage; messages: ChatMessage[]; deletedMessageIds: number[] }> | Refused> {
  return Promise.reject(new Error('edit is being written'));
}
