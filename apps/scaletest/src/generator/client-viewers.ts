/**
 * Viewers that are the public client (`@parley/client`), as pages, editors and bots use it: whole views of a chat over SSE or a WebSocket,
 * and the feed of what changes in the list of the user's chats. They cost more than the harness's own viewers, so only the
 * scenarios that are about them have any. What they hold in the end is held against the history like what any viewer holds, and so are the
 * events on the way there, which are folded beside the view.
 */
import { type ChatView, followChat, ParleyClient, watchChats, type WebSocketFactory } from '@parley/client';
import type { ChatStatus } from '@parley/contracts';
import WebSocket from 'ws';
import { StreamFold } from '../oracle/stream-fold';
import { type ObservedViewer, type ObservedWatcher, toSeenMessage } from '../oracle/observation';

export interface ClientViewersOptions {
  /** Taken in turn, as an ingress would. */
  readonly apiUrls: readonly string[];
  readonly streamUrls: readonly string[];
  readonly token: string;
}

export type Transport = 'sse' | 'web-socket';

interface Following {
  readonly name: string;
  readonly fold: StreamFold;
  view: ChatView | undefined;
  failure: string | undefined;
}

interface Watching {
  readonly name: string;
  openedAtMs: number;
  status: ChatStatus | undefined;
  failure: string | undefined;
}

/** A chat as it was read; lists know it by what happened in it since they were opened. */
export interface CurrentChat {
  readonly newestId: number;
  readonly status: ChatStatus | undefined;
  readonly queued: number;
  readonly lastSentAtMs: number;
}

/** Streams go where they are, all other calls to the API. */
const ingress =
  (streamUrl: string, apiUrl: string): typeof fetch =>
  (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    const isStream = /\/(stream|watch)(\?|$)/.test(url);
    return fetch(isStream ? url : url.replace(streamUrl, apiUrl), init);
  };

const openWebSocket: WebSocketFactory = (url, headers) => new WebSocket(url, { headers });

export class ClientViewers {
  private readonly stopping = new AbortController();
  private readonly following: Following[] = [];
  private readonly watching: Watching[] = [];
  private opened = 0;

  constructor(private readonly options: ClientViewersOptions) {}

  follow(chatId: string, transport: Transport): void {
    const name = `client ${this.following.length + 1} over ${transport}`;
    const fold = new StreamFold();
    const following: Following = { name, fold, view: undefined, failure: undefined };
    this.following.push(following);
    const { signal } = this.stopping;
    const read = async (): Promise<void> => {
      const views = followChat(this.client(), {
        chatId,
        signal,
        onOpen: () => (fold.attachedAtMs = performance.now()),
        onEvent: (event) => fold.apply(event, performance.now()),
        ...(transport === 'web-socket' ? { webSocket: openWebSocket } : {}),
      });
      for await (const view of views) following.view = view;
    };
    read().catch((error: unknown) => (following.failure = String(error)));
  }

  /** Resolves when the feed is there: what happened before is not told. */
  watchList(chatId: string): Promise<void> {
    const watching: Watching = {
      name: `list ${this.watching.length + 1}`,
      openedAtMs: Number.POSITIVE_INFINITY,
      status: undefined,
      failure: undefined,
    };
    this.watching.push(watching);
    const { signal } = this.stopping;
    return new Promise((resolve) => {
      const opened = (): void => {
        watching.openedAtMs = Math.min(watching.openedAtMs, performance.now());
        resolve();
      };
      const read = async (): Promise<void> => {
        for await (const { chat } of watchChats(this.client(), { signal, onOpen: opened }))
          if (chat.id === chatId) watching.status = chat.status;
      };
      read()
        .catch((error: unknown) => (watching.failure = String(error)))
        .finally(opened);
    });
  }

  /** True when every view holds the message, and every list that was open when it was sent says the status. */
  areCurrent(chat: CurrentChat): boolean {
    return (
      this.following.every(
        ({ view, failure }) => failure !== undefined || (view !== undefined && isCurrent(view, chat)),
      ) &&
      this.watching.every(
        ({ status, failure, openedAtMs }) =>
          failure !== undefined || openedAtMs >= chat.lastSentAtMs || status === chat.status,
      )
    );
  }

  observed(): { viewers: ObservedViewer[]; watchers: ObservedWatcher[] } {
    return {
      viewers: this.following.map(({ name, fold, view, failure }) => ({
        name,
        messages: (view?.messages ?? []).map((message) => toSeenMessage(message)),
        findings: [
          ...fold.findings,
          ...(failure === undefined
            ? []
            : [{ kind: 'client_failed' as const, detail: `${name}: ${failure}` }]),
        ],
        gaps: fold.gaps,
        wholeIds: fold.wholeIds,
        missingBecause: failure === undefined && view === undefined ? 'never attached' : undefined,
        status: view?.status,
        queuedCount: view?.queue.length ?? 0,
      })),
      watchers: this.watching.map((watcher) => ({ ...watcher })),
    };
  }

  close(): void {
    this.stopping.abort();
  }

  private client(): ParleyClient {
    const { apiUrls, streamUrls, token } = this.options;
    this.opened += 1;
    const apiUrl = apiUrls[this.opened % apiUrls.length] ?? '';
    const streamUrl = streamUrls[this.opened % streamUrls.length] ?? '';
    return new ParleyClient({ baseUrl: streamUrl, token, fetch: ingress(streamUrl, apiUrl) });
  }
}

const isCurrent = ({ messages, status, queue }: ChatView, chat: CurrentChat): boolean =>
  messages.some(({ id }) => id === chat.newestId) && status === chat.status && queue.length === chat.queued;
