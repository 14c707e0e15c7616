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

export interface SendInput {
  chatId: string;
  /** When given, a chat of another owner is `not_found`. */
  ownerId: string;
  content: readonly MessagePart[];
  busyBehavior: 'queue' | 'interrupt';
  /** Absent: the chat's last ones. */
  modelConfigId?: string;
  reasoningEffort?: ReasoningEffort;
  /** Empty leaves plan mode, absent keeps it. */
  planMode?: '' | 'plan';
  mcpServerIds?: readonly string[];
}

/** Sends a user message: into the history of a chat at rest, into the queue of a busy one. */
export function send(_store: ChatStore, _input: SendInput): Promise<Done<SendResult> | Refused> {
  return Promise.reject(new Error('send is being written'));
}
