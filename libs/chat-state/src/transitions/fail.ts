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

export interface FailInput {
  fence: Fence;
  error: ChatError;
}

/** Ends the turn in error; queue and open calls are kept. */
export function fail(_store: ChatStore, _input: FailInput): Promise<Done | Stale> {
  return Promise.reject(new Error('fail is being written'));
}
