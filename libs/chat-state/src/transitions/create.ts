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
import type { TitleSource } from '../types';

export interface CreateChatInput {
  id?: string;
  organizationId: string;
  ownerId: string;
  parentChatId?: string;
  title: string;
  titleSource: TitleSource;
  modelConfigId: string;
  reasoningEffort?: ReasoningEffort | null;
  mode?: string | null;
  planMode?: 'plan' | null;
  clientType?: 'ui' | 'api';
  labels?: Record<string, string>;
  mcpServerIds?: readonly string[];
  dynamicTools?: readonly DynamicTool[];
  systemMessages?: readonly NewMessage[];
  userMessage: NewMessage;
}

/** Inserts the chat, running, with its system messages and the first user message. A child names its parent, a live root. */
export function createChat(
  _store: ChatStore,
  _input: CreateChatInput,
): Promise<Done<{ messages: ChatMessage[] }> | Refused> {
  return Promise.reject(new Error('createChat is being written'));
}
