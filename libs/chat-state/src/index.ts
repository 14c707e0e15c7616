export { forgetKeys, type OnceKey, type Repeat } from './once';
export { toClientChat, toClientQueue } from './rows/chat-row';
export { toChatMessage, toChatMessages } from './rows/message-row';
export { CHAT_STATES, classify, type ChatState } from './states';
export { acquire, type AcquireInput } from './transitions/acquire';
export { acquireRunnable, type AcquireRunnableInput } from './transitions/acquire-runnable';
export { cancelAction, type CancelActionInput } from './transitions/cancel-action';
export { clearContext, type ClearContextInput } from './transitions/clear-context';
export {
  commitCompaction,
  finishCompaction,
  type CommitCompactionInput,
} from './transitions/commit-compaction';
export { commitStep, type CommitStepInput } from './transitions/commit-step';
export {
  completeAction,
  type ActionResult,
  type CompleteActionInput,
  type CompleteActionRefused,
} from './transitions/complete-action';
export { createChat, readRepeatedCreate, type CreateChatInput } from './transitions/create';
export { deleteQueued, type DeleteQueuedInput } from './transitions/delete-queued';
export { edit, type EditInput } from './transitions/edit';
export { enterAction, type EnterActionInput } from './transitions/enter-action';
export { fail, type FailInput } from './transitions/fail';
export { finishInterruption, type FinishInterruptionInput } from './transitions/finish-interruption';
export { finishTurn, type FinishTurnInput } from './transitions/finish-turn';
export { interrupt, type InterruptInput } from './transitions/interrupt';
export { promoteQueued, type PromoteQueuedInput } from './transitions/promote-queued';
export { recordRetry, type RecordRetryInput } from './transitions/record-retry';
export { release, type ReleaseInput } from './transitions/release';
export { releaseAll, type ReleaseAllInput } from './transitions/release-all';
export { requestCompaction, type RequestCompactionInput } from './transitions/request-compaction';
export { MAX_QUEUED_MESSAGES, readRepeatedSend, send, type SendInput } from './transitions/send';
export { setArchived, type SetArchivedInput } from './transitions/set-archived';
export {
  finishCalls,
  startCalls,
  UNKNOWN_OUTCOME,
  type FinishCallsInput,
  type JournalledCall,
  type StartCallsInput,
} from './tool-calls';
export {
  forgetWorker,
  HEARTBEAT_MS,
  LEASE_MS,
  readDeadWorkers,
  renewLease,
  retireWorker,
} from './worker-lease';
export { markRead } from './settings/mark-read';
export { setGeneratedTitle } from './settings/set-generated-title';
export { setChatSummary } from './settings/set-chat-summary';
export { setTurnSummary } from './settings/set-turn-summary';
export { updateChat, type UpdateChatInput } from './settings/update-chat';
export { listChats, type ListChatsInput } from './reads/list-chats';
export { PULL_REQUEST_STATUSES, type PullRequestFilter, type PullRequestStatus } from './reads/list-filters';
export {
  readChat,
  readClientChat,
  readOwnedRunnable,
  readVersions,
  type OwnedRunnable,
} from './reads/read-chat';
export { readChildren, type ReadChildrenInput } from './reads/read-children';
export { readConversation } from './reads/read-conversation';
export type { ConversationRow } from './reads/read-conversation';
export { readBacklog, type Backlog } from './reads/read-backlog';
export { readFeed, type FeedSnapshot, type ReadFeedInput } from './reads/read-feed';
export { readMessages, readPrompts, type ReadMessagesInput } from './reads/read-messages';
export { readReport } from './reads/read-report';
export { readTranscript } from './reads/read-transcript';
export type {
  ChatHead,
  ChatStore,
  Done,
  Fence,
  MessageVisibility,
  NewMessage,
  RefusalReason,
  Refused,
  SendResult,
  Stale,
  StoredMessage,
  StoredQueuedMessage,
  TitleSource,
  TranscriptRow,
} from './types';
