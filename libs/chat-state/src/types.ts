/** What goes into and comes out of chat-state. Inside the program camelCase; the rows and the wire are snake_case. */
import type { Bus } from '@parley/bus';
import type {
  ChatChange,
  ChatError,
  ChatMessage,
  ChatRetry,
  ChatStatus,
  DynamicTool,
  MessagePart,
  MessageRole,
  MessageUsage,
  OpenCall,
  QueuedMessage,
  ReasoningEffort,
} from '@parley/contracts';
import type { Database } from '@parley/database';
import type { ChatState } from './states';

/** Where chats live, and where their changes are told. */
export interface ChatStore {
  readonly database: Pick<Database, 'query' | 'transaction'>;
  readonly bus: Bus;
}

/** A user message waiting in `chats.queue`, as stored. Its id is the version of the chat that queued it. */
export interface StoredQueuedMessage {
  id: number;
  content: MessagePart[];
  model_config_id: string | null;
  reasoning_effort: ReasoningEffort | null;
  created_by: string | null;
  created_at: string;
}

/** One row of `chats`: the execution state and what everybody needs beside it. */
export interface ChatHead {
  id: string;
  organizationId: string;
  ownerId: string;
  parentChatId: string | null;
  rootChatId: string | null;
  title: string;
  titleSource: TitleSource;
  mode: string | null;
  planMode: 'plan' | null;
  clientType: 'ui' | 'api';
  labels: Record<string, string>;
  mcpServerIds: string[];
  dynamicTools: DynamicTool[];
  /** The only tools of workers that it may use; null: all. */
  allowedTools: string[] | null;
  pinOrder: number;
  lastModelConfigId: string;
  lastReasoningEffort: ReasoningEffort | null;
  lastTurnSummary: string | null;
  summary: string | null;
  hasUnread: boolean;
  createdAt: Date;
  updatedAt: Date;

  status: ChatStatus;
  archived: boolean;
  queue: StoredQueuedMessage[];
  openCalls: OpenCall[];
  actionDeadlineAt: Date | null;
  lastError: ChatError | null;
  workerId: string | null;
  runnerId: string | null;
  version: number;
  historyVersion: number;
  queueVersion: number;
  generationAttempt: number;
  retry: ChatRetry | null;
  compactionRequestedAt: Date | null;
}

export type TitleSource = 'fallback' | 'generated' | 'manual';
export type MessageVisibility = 'user' | 'model' | 'both';

/** A message to be inserted. Absent usage is stored as NULL, and so are counts of 0. */
export interface NewMessage {
  role: MessageRole;
  content: readonly MessagePart[];
  visibility?: MessageVisibility;
  createdBy?: string | null;
  modelConfigId?: string | null;
  reasoningEffort?: ReasoningEffort | null;
  usage?: MessageUsage;
  contextLimit?: number;
  /** 0: free. Absent: not known. */
  totalCostMicros?: number;
  /** The call of a model whose answer this is: the message is its entry in the ledger (docs/decisions/0003). */
  modelCallId?: string;
  providerResponseId?: string;
  /** Milliseconds: of an answer its attempts, the waits between them and the stream; of results the tools. Of the worker that commits it alone. */
  runtimeMs?: number;
  /** Belongs to a compaction or a clear: the prompt starts at the newest such row that the model may see. */
  compressed?: boolean;
}

/** One row of `chat_messages`, hidden parts and hidden rows included: what the prompt is built from. */
export interface StoredMessage {
  id: number;
  chatId: string;
  role: MessageRole;
  content: MessagePart[];
  visibility: MessageVisibility;
  compressed: boolean;
  createdBy: string | null;
  modelConfigId: string | null;
  reasoningEffort: ReasoningEffort | null;
  createdAt: Date;
  /** The version of the chat that wrote or last changed the row. */
  revision: number;
  usage: MessageUsage;
}
export type TranscriptRow = StoredMessage;

/** Proof of ownership that a worker's write carries. When the row has moved on, the write is refused as `stale`. */
export interface Fence {
  chatId: string;
  runnerId: string;
  historyVersion: number;
}

/** An expected refusal; nothing was changed. */
export interface Refused {
  ok: false;
  reason: RefusalReason;
  /** The state that refused; absent when there is no such chat (for this owner). */
  state?: ChatState;
}

export type RefusalReason =
  | 'not_found'
  | 'already_exists'
  | 'archived'
  | 'illegal_transition'
  | 'queue_full'
  | 'queued_message_not_found'
  | 'message_not_found'
  | 'not_a_user_message'
  | 'nothing_to_clear'
  | 'nothing_to_compact'
  | 'results_do_not_match'
  | 'not_a_root'
  | 'parent_not_found';

/** A worker's write that came too late: another runner, another history or another status. Normal; the runner stops quietly. */
export interface Stale {
  ok: false;
  reason: 'stale';
  state?: ChatState;
}

/** A committed transition. `rows`: the messages inserted, hidden ones included. `change`: what was published. */
export type Done<T = object> = {
  ok: true;
  chat: ChatHead;
  rows: StoredMessage[];
  change: ChatChange;
} & T;

/** What a send did: the messages that entered the history, as clients see them, or the queued one. */
export interface SendResult {
  /** The message sent, when it entered the history at once. */
  message?: ChatMessage;
  /** All messages that entered the history, in order (cancelled tool results and a promoted message included). */
  messages: ChatMessage[];
  queuedMessage?: QueuedMessage;
  queued: boolean;
}
