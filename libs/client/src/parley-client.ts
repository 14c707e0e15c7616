/**
 * The HTTP calls of Parley's API, typed. Works in Node 20 and browsers: it needs nothing but `fetch`.
 *
 * Streams are opened with `openStream`; see there.
 */
import type {
  Chat,
  ChatMessage,
  CreateMessageResponse,
  ErrorResponse,
  InputPart,
  MessagesResponse,
} from '@parley/contracts';
import { ApiError } from './errors';

export interface ParleyClientOptions {
  /** Of the gateway, e.g. `https://chats.example.com`. */
  baseUrl: string;
  /** Sent as `Coder-Session-Token`. Leave out in a browser that has the cookie. */
  token?: string;
  fetch?: typeof fetch;
}

export interface NewChat {
  organizationId: string;
  content: readonly InputPart[] | string;
  modelConfigId?: string;
  labels?: Readonly<Record<string, string>>;
}

export interface NewMessage {
  content: readonly InputPart[] | string;
  busyBehavior?: 'queue' | 'interrupt';
}

export interface MessagesPage {
  beforeId?: number;
  afterId?: number;
  /** 1 to 200, default 50. */
  limit?: number;
}

export class ParleyClient {
  readonly baseUrl: string;
  readonly token: string | undefined;
  private readonly fetch: typeof fetch;

  constructor(options: ParleyClientOptions) {
    this.baseUrl = options.baseUrl.replace(/\/+$/, '');
    this.token = options.token;
    this.fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
  }

  withToken(token: string): ParleyClient {
    return new ParleyClient({ baseUrl: this.baseUrl, token, fetch: this.fetch });
  }

  createChat(chat: NewChat): Promise<Chat> {
    return this.call('POST', '/chats', {
      organization_id: chat.organizationId,
      content: toParts(chat.content),
      ...(chat.modelConfigId === undefined ? {} : { model_config_id: chat.modelConfigId }),
      ...(chat.labels === undefined ? {} : { labels: chat.labels }),
    });
  }

  getChat(chatId: string): Promise<Chat> {
    return this.call('GET', `/chats/${chatId}`);
  }

  listChats(): Promise<Chat[]> {
    return this.call('GET', '/chats');
  }

  sendMessage(chatId: string, message: NewMessage): Promise<CreateMessageResponse> {
    return this.call('POST', `/chats/${chatId}/messages`, {
      content: toParts(message.content),
      ...(message.busyBehavior === undefined ? {} : { busy_behavior: message.busyBehavior }),
    });
  }

  /** One page: newest first, or ascending when only `afterId` is given. */
  listMessages(chatId: string, page: MessagesPage = {}): Promise<MessagesResponse> {
    const query = new URLSearchParams();
    if (page.beforeId !== undefined) query.set('before_id', String(page.beforeId));
    if (page.afterId !== undefined) query.set('after_id', String(page.afterId));
    if (page.limit !== undefined) query.set('limit', String(page.limit));
    const suffix = query.size === 0 ? '' : `?${query.toString()}`;
    return this.call('GET', `/chats/${chatId}/messages${suffix}`);
  }

  /** The whole visible history, oldest first, read page by page. */
  async readHistory(chatId: string): Promise<ChatMessage[]> {
    const history: ChatMessage[] = [];
    for (let hasMore = true; hasMore;) {
      const page = await this.listMessages(chatId, { afterId: history.at(-1)?.id ?? 0, limit: 200 });
      history.push(...page.messages);
      hasMore = page.has_more;
    }
    return history;
  }

  /** Any route below `/api/v2`. @throws ApiError for a status of 400 and above. */
  async call<Reply>(method: string, path: string, body?: unknown): Promise<Reply> {
    const response = await this.fetch(`${this.baseUrl}/api/v2${path}`, {
      method,
      headers: { ...this.headers(), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new ApiError(response.status, toErrorResponse(text), `${method} ${path}`);
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  }

  /** Opens a reply whose body is read by the caller. @throws ApiError for a status of 400 and above. */
  async open(
    path: string,
    init: { headers: Record<string, string>; signal?: AbortSignal },
  ): Promise<Response> {
    const response = await this.fetch(`${this.baseUrl}/api/v2${path}`, {
      ...init,
      headers: { ...this.headers(), ...init.headers },
    });
    if (!response.ok) {
      throw new ApiError(response.status, toErrorResponse(await response.text()), `GET ${path}`);
    }
    return response;
  }

  private headers(): Record<string, string> {
    return this.token === undefined ? {} : { 'Coder-Session-Token': this.token };
  }
}

function toParts(content: readonly InputPart[] | string): readonly InputPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** A proxy between us and the gateway may answer with something else than the API's JSON. */
function toErrorResponse(text: string): ErrorResponse {
  try {
    return JSON.parse(text) as ErrorResponse;
  } catch {
    return { message: text.slice(0, 500) };
  }
}
