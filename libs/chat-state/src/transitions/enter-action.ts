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

export interface EnterActionInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages. */
  openCalls: readonly OpenCall[];
  /** Default 5 minutes. */
  timeoutMs?: number;
}

/** Commits the assistant message that called dynamic tools and waits for the client, at most `timeoutMs`. */
export function enterAction(_store: ChatStore, _input: EnterActionInput): Promise<Done | Stale> {
  return Promise.reject(new Error('enterAction is being written'));
}
