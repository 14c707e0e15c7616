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

export interface CommitStepInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages. */
  openCalls?: readonly OpenCall[];
}

/** Commits an assistant message, or the results of its tool calls; the turn goes on. */
export function commitStep(_store: ChatStore, _input: CommitStepInput): Promise<Done | Stale> {
  return Promise.reject(new Error('commitStep is being written'));
}
