/**
 * The calls of Parley's API that a chat client needs, typed. Works in Node 20 and browsers: it needs nothing but `fetch`.
 *
 * Every call rejects with `ApiError` when the API refuses it, and with `ConnectionError` when no answer came. Streams are opened with
 * `followChat` and `watchChats`.
 */
import type {
  Chat,
  ChatCost,
  ChatDiffContents,
  ChatMessage,
  CreateMessageResponse,
  MessagesResponse,
  Model,
  UsageLimitStatus,
} from '@parley/contracts';
import type { EditMessageResponse, Organization, User } from './replies';
import {
  changesBody,
  chatBody,
  messageBody,
  type ChatChanges,
  type ChatsQuery,
  type EditedMessage,
  type MessagesPage,
  type NewChat,
  type NewMessage,
  type ToolResult,
} from './requests';
import { queryOf, Transport, type CallOptions } from './transport';

export class ParleyClient extends Transport {
  withToken(token: string): ParleyClient {
    return new ParleyClient({ baseUrl: this.baseUrl, token, fetch: this.fetch });
  }

  /** A client with the session's token. */
  async login(credentials: { email: string; password: string }): Promise<ParleyClient> {
    const { session_token } = await this.call<{ session_token: string }>('POST', '/users/login', credentials);
    return this.withToken(session_token);
  }

  /** In a page: keeps the token in a cookie that scripts cannot read, and that WebSockets and EventSources send. */
  tokenToCookie(): Promise<void> {
    return this.call('POST', '/users/me/session/token-to-cookie');
  }

  /** Revokes the token. */
  async logout(): Promise<void> {
    await this.call('POST', '/users/logout');
  }

  me(): Promise<User> {
    return this.call('GET', '/users/me');
  }

  /** Of which the user is a member. */
  organizations(): Promise<Organization[]> {
    return this.call('GET', '/users/me/organizations');
  }

  models(organizationId: string): Promise<Model[]> {
    return this.call('GET', `/organizations/${organizationId}/chats/models`);
  }

  createChat(chat: NewChat, options?: CallOptions): Promise<Chat> {
    return this.call('POST', '/chats', chatBody(chat), options);
  }

  getChat(chatId: string): Promise<Chat> {
    return this.call('GET', `/chats/${chatId}`);
  }

  /** Root chats with their children: pinned ones first, then the latest updated. */
  listChats({ q, labels = {}, afterId, limit, offset }: ChatsQuery = {}): Promise<Chat[]> {
    const label = Object.entries(labels).map(([key, value]) => `${key}:${value}`);
    return this.call('GET', `/chats${queryOf({ q, label, after_id: afterId, limit, offset })}`);
  }

  updateChat(chatId: string, changes: ChatChanges): Promise<void> {
    return this.call('PATCH', `/chats/${chatId}`, changesBody(changes));
  }

  sendMessage(chatId: string, message: NewMessage, options?: CallOptions): Promise<CreateMessageResponse> {
    return this.call('POST', `/chats/${chatId}/messages`, messageBody(message), options);
  }

  /** Replaces a user message; it and all after it are removed, and what runs is dropped. */
  editMessage(chatId: string, messageId: number, message: EditedMessage): Promise<EditMessageResponse> {
    return this.call('PATCH', `/chats/${chatId}/messages/${messageId}`, messageBody(message));
  }

  /** One page: newest first, or ascending when only `afterId` is given. */
  listMessages(chatId: string, page: MessagesPage = {}): Promise<MessagesResponse> {
    const { beforeId, afterId, limit } = page;
    const query = queryOf({ before_id: beforeId, after_id: afterId, limit });
    return this.call('GET', `/chats/${chatId}/messages${query}`);
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

  /** Texts that the owner sent in this chat, newest first. */
  async listPrompts(chatId: string, limit?: number): Promise<string[]> {
    const { prompts } = await this.call<{ prompts: string[] }>(
      'GET',
      `/chats/${chatId}/prompts${queryOf({ limit })}`,
    );
    return prompts;
  }

  /** Stops the turn; what was answered so far stays. */
  interrupt(chatId: string): Promise<Chat> {
    return this.call('POST', `/chats/${chatId}/interrupt`);
  }

  /** Summarises the history for the model. */
  compact(chatId: string): Promise<Chat> {
    return this.call('POST', `/chats/${chatId}/compact`);
  }

  /** The model forgets what came before; people still see it. */
  clear(chatId: string): Promise<Chat> {
    return this.call('POST', `/chats/${chatId}/clear`);
  }

  /** A title that the model proposes; it is not stored. */
  async proposeTitle(chatId: string): Promise<string> {
    const { title } = await this.call<{ title: string }>('POST', `/chats/${chatId}/title/propose`);
    return title;
  }

  /** Answers all open calls of dynamic tools at once (`requiredActions` of a view). */
  submitToolResults(chatId: string, results: readonly ToolResult[]): Promise<void> {
    return this.call('POST', `/chats/${chatId}/tool-results`, { results });
  }

  deleteQueued(chatId: string, queuedId: number): Promise<void> {
    return this.call('DELETE', `/chats/${chatId}/queue/${queuedId}`);
  }

  /** Runs this queued message next: at once when nothing runs, else instead of what does. */
  async promoteQueued(chatId: string, queuedId: number): Promise<void> {
    await this.call('POST', `/chats/${chatId}/queue/${queuedId}/promote`);
  }

  /** What the chat and its subagents have cost. */
  cost(chatId: string): Promise<ChatCost> {
    return this.call('GET', `/chats/${chatId}/cost`);
  }

  /** What the chat's branch changes. */
  diff(chatId: string): Promise<ChatDiffContents> {
    return this.call('GET', `/chats/${chatId}/diff`);
  }

  /** How much of the user's limit is spent. */
  usageLimit(): Promise<UsageLimitStatus> {
    return this.call('GET', '/chats/usage-limits/status');
  }
}
