export {
  MAX_CHANGE_BYTES,
  chatChange,
  livePart,
  chatParts,
  chatReady,
  turnSettings,
  workerWake,
  episodeRequest,
  episodeReply,
  CONFIG_TOPICS,
  configChanged,
  subjects,
  CHAT_WORKERS_GROUP,
} from './bus-messages';
export type {
  ChatChange,
  LivePart,
  ChatParts,
  ChatReady,
  TurnSettings,
  WorkerWake,
  EpisodeRequest,
  EpisodeReply,
  ConfigTopic,
  ConfigChanged,
  Subject,
} from './bus-messages';
export {
  CHAT_STATUSES,
  chatStatus,
  MESSAGE_ROLES,
  messageRole,
  REASONING_EFFORTS,
  reasoningEffort,
  CHAT_ERROR_KINDS,
  chatErrorKind,
  chatError,
  chatRetry,
  openCall,
  messageUsage,
  chatMessage,
  queuedMessage,
  streamToolCall,
  chat,
} from './chat';
export type {
  ChatStatus,
  MessageRole,
  ReasoningEffort,
  ChatErrorKind,
  ChatError,
  ChatRetry,
  OpenCall,
  MessageUsage,
  ChatMessage,
  QueuedMessage,
  StreamToolCall,
  Chat,
} from './chat';
export { fieldError, errorResponse, toFieldErrors } from './error-response';
export type { FieldError, ErrorResponse } from './error-response';
export {
  MAX_BODY_BYTES,
  MAX_JSON_DEPTH,
  MAX_LABELS,
  MAX_DYNAMIC_TOOLS,
  MAX_TITLE_LENGTH,
  MAX_CHAT_SYSTEM_PROMPT_LENGTH,
  MAX_PARTS_PER_MESSAGE,
  inputPart,
  labels,
  dynamicTool,
  createChatRequest,
  BUSY_BEHAVIORS,
  createMessageRequest,
  editMessageRequest,
  updateChatRequest,
  toolResultsRequest,
  createMessageResponse,
  messagesResponse,
  queryInteger,
  messagesQuery,
} from './http-chats';
export type {
  InputPart,
  DynamicTool,
  CreateChatRequest,
  CreateMessageRequest,
  EditMessageRequest,
  UpdateChatRequest,
  ToolResultsRequest,
  CreateMessageResponse,
  MessagesResponse,
  MessagesQuery,
} from './http-chats';
export { createFirstUserRequest, createUserRequest, loginRequest, createTokenRequest } from './http-identity';
export type {
  CreateFirstUserRequest,
  CreateUserRequest,
  LoginRequest,
  CreateTokenRequest,
} from './http-identity';
export {
  PROVIDER_TYPES,
  providerType,
  createProviderRequest,
  updateProviderRequest,
  provider,
  modelCallConfig,
  createModelRequest,
  updateModelRequest,
  model,
} from './http-models';
export type {
  ProviderType,
  CreateProviderRequest,
  UpdateProviderRequest,
  Provider,
  ModelCallConfig,
  CreateModelRequest,
  UpdateModelRequest,
  Model,
} from './http-models';
export {
  textPart,
  reasoningPart,
  toolCallPart,
  toolResultPart,
  sourcePart,
  filePart,
  fileReferencePart,
  contextFilePart,
  skillPart,
  hookContextPart,
  hookNoticePart,
  messagePart,
  toClientPart,
  toClientParts,
} from './message-part';
export type {
  TextPart,
  ReasoningPart,
  ToolCallPart,
  ToolResultPart,
  SourcePart,
  FilePart,
  FileReferencePart,
  MessagePart,
  MessagePartType,
} from './message-part';
export { MAX_EVENTS_PER_FRAME, streamMessagePart, streamEvent } from './stream-event';
export type { StreamMessagePart, StreamEvent, StreamEventType } from './stream-event';
export { text, plainText, uuid, NIL_UUID, timestamp, isShallow, isWellFormedJson } from './strings';
export { WATCH_EVENT_KINDS, watchEvent } from './watch-event';
export type { WatchEvent, WatchEventKind } from './watch-event';
export { systemClock } from './clock';
export type { Clock } from './clock';
