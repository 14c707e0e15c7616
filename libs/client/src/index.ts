export { ChatView } from './chat-view';
export type { Preview } from './chat-view';
export type { ConnectionOptions } from './connection';
export { ApiError, ConnectionError, StreamClosedError } from './errors';
export type {
  Chat,
  ChatCost,
  ChatDiffContents,
  ChatError,
  ChatMessage,
  ChatRetry,
  ChatStatus,
  CreateMessageResponse,
  DynamicTool,
  InputPart,
  MessagesResponse,
  Model,
  QueuedMessage,
  ReasoningEffort,
  StreamEvent,
  StreamMessagePart,
  StreamToolCall,
  UsageLimitStatus,
  WatchEvent,
} from '@parley/contracts';
export { followChat } from './follow-chat';
export type { FollowOptions } from './follow-chat';
export { openStream } from './open-stream';
export type { PlacedEvent, StreamOptions } from './open-stream';
export { ParleyClient } from './parley-client';
export type { PreviewMessage } from './preview';
export type { EditMessageResponse, Organization, User } from './replies';
export type {
  ChatChanges,
  ChatsQuery,
  Content,
  EditedMessage,
  MessagesPage,
  NewChat,
  NewMessage,
  ToolResult,
} from './requests';
export type { ReconnectOptions } from './resilient';
export type { CallOptions, TransportOptions as ParleyClientOptions } from './transport';
export { watchChats } from './watch-chats';
export type { WatchOptions } from './watch-chats';
export { browserWebSocket } from './web-socket';
export type { WebSocketFactory, WebSocketLike } from './web-socket';
