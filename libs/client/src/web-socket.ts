/** The part of the standard WebSocket that is used; browsers, Node from 22 on and the package `ws` all have it. */
export interface WebSocketLike {
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void;
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
  close(): void;
}

/** Makes a WebSocket. Where it can send headers, these carry the token; a browser's cannot, and sends its cookie. */
export type WebSocketFactory = (url: string, headers: Record<string, string>) => WebSocketLike;

/** The runtime's own, which sends no headers: for pages that have the session's cookie. */
export const browserWebSocket: WebSocketFactory = (url) => new WebSocket(url);
