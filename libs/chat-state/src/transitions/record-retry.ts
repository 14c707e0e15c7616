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

export interface RecordRetryInput {
  fence: Fence;
  retry: Omit<ChatRetry, 'attempt' | 'retrying_at'>;
}

/** Counts an attempt and stores what clients see while the worker waits. The database sets attempt and time. */
export function recordRetry(_store: ChatStore, _input: RecordRetryInput): Promise<Done | Stale> {
  return Promise.reject(new Error('recordRetry is being written'));
}
