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

export interface FinishInterruptionInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** Default: the open calls of the row. The tool calls that have no result after these messages. */
  openCalls?: readonly OpenCall[];
}

/** Commits the partial answer of an interrupted turn; calls left open get cancelled results. */
export function finishInterruption(
  _store: ChatStore,
  _input: FinishInterruptionInput,
): Promise<Done<{ promoted?: ChatMessage }> | Stale> {
  return Promise.reject(new Error('finishInterruption is being written'));
}
