export { ChatView } from './chat-view';
export type { Preview } from './chat-view';
export { ApiError, StreamClosedError } from './errors';
export { openStream } from './open-stream';
export type { StreamOptions, WebSocketLike } from './open-stream';
export { ParleyClient } from './parley-client';
export type { MessagesPage, NewChat, NewMessage, ParleyClientOptions } from './parley-client';
