export { ChatView } from './chat-view';
export type { Preview } from './chat-view';
export { ApiError, StreamClosedError } from './errors';
export { followChat } from './follow-chat';
export type { FollowOptions } from './follow-chat';
export { openStream } from './open-stream';
export type { PlacedEvent, StreamOptions, WebSocketLike } from './open-stream';
export { ParleyClient } from './parley-client';
export type { MessagesPage, NewChat, NewMessage, ParleyClientOptions } from './parley-client';
