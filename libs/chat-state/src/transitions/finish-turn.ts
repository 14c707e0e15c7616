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

export interface FinishTurnInput {
  fence: Fence;
  messages: readonly NewMessage[];
  /** The tool calls that have no result after these messages. */
  openCalls?: readonly OpenCall[];
  /** Stored as `last_turn_summary`. */
  turnSummary?: string;
}

/** Commits the last messages of a turn and ends it; the head of the queue starts the next one. */
export function finishTurn(
  _store: ChatStore,
  _input: FinishTurnInput,
): Promise<Done<{ promoted?: ChatMessage }> | Stale> {
  return Promise.reject(new Error('finishTurn is being written'));
}
