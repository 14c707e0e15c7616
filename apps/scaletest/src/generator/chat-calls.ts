/** The HTTP calls about one chat, as its owner makes them. */
import type { Chat, ChatMessage, ChatStatus, MessagesResponse } from '@parley/contracts';
import { type SeenMessage, toSeenMessage } from '../oracle/observation';
import { deliver, type DeliveryCounts } from './delivery';
import { RefusedError } from './errors';
import type { Call, HttpClient } from './http-client';
import type { ToolRun } from './tool-runs';

export interface ChatCallsOptions {
  readonly api: HttpClient;
  readonly token: string;
  readonly counts: DeliveryCounts;
  readonly signal: AbortSignal;
  readonly giveUpAfterMs: number;
}

const PAGE = 200;

export class ChatCalls {
  /** Empty until the chat exists. */
  chatId = '';

  constructor(private readonly options: ChatCallsOptions) {}

  /** @returns the reply's text, or undefined when the reply is lost but the message with this key is there */
  async send(key: string, call: Omit<Call, 'token'>): Promise<string | undefined> {
    const reply = await this.deliver(call, () => this.holds(key));
    return reply?.text;
  }

  /** A second answer to the same calls is refused by the platform, so that trying again is safe. */
  async answerTools(runs: readonly ToolRun[]): Promise<void> {
    const results = runs.map(({ id, token }) => ({ tool_call_id: id, output: { token } }));
    await this.deliver({ method: 'POST', path: this.path('/tool-results'), body: { results } }, () =>
      Promise.resolve(false),
    );
  }

  /** A call whose refusal is an answer too. @returns the status */
  async change(method: Call['method'], path: string, body?: unknown): Promise<number> {
    const { api, token } = this.options;
    const call = { method, path: this.path(path), token, ...(body === undefined ? {} : { body }) };
    return (await api.call(call)).status;
  }

  /** @throws RefusedError, NoReplyError */
  async chat(): Promise<{ status: ChatStatus; children: string[] }> {
    const { api, token } = this.options;
    const path = this.path('');
    const { status, text } = await api.call({ method: 'GET', path, token });
    if (status !== 200) throw new RefusedError(`GET ${path}`, status, text);
    const { status: now, children } = JSON.parse(text) as Chat;
    return { status: now, children: children.map(({ id }) => id) };
  }

  /** The visible history, oldest first, in digest, and how many messages wait. */
  async history(): Promise<{ messages: SeenMessage[]; queued: number }> {
    const rows: ChatMessage[] = [];
    let queued = 0;
    for (let hasMore = true; hasMore;) {
      const page = await this.page(`after_id=${rows.at(-1)?.id ?? 0}&limit=${PAGE}`);
      rows.push(...page.messages);
      hasMore = page.has_more;
      queued = page.queued_messages.length;
    }
    return { messages: rows.map((row) => toSeenMessage(row)), queued };
  }

  path(rest: string): string {
    return `/chats/${this.chatId}${rest}`;
  }

  /** A chat that may have been created without our knowing is left alone: its turn counts as not accepted. */
  private async holds(key: string): Promise<boolean> {
    if (this.chatId === '') return false;
    const { messages, queued_messages: queue } = await this.page('limit=50');
    const mark = `"key":"${key}"`;
    const parts = [...messages, ...queue].flatMap(({ content }) => content);
    return parts.some((part) => part.type === 'text' && part.text.includes(mark));
  }

  private async page(query: string): Promise<MessagesResponse> {
    const { api, token } = this.options;
    const path = this.path(`/messages?${query}`);
    const { status, text } = await api.call({ method: 'GET', path, token });
    if (status !== 200) throw new RefusedError(`GET ${path}`, status, text);
    return JSON.parse(text) as MessagesResponse;
  }

  private deliver(call: Omit<Call, 'token'>, hasHappened: () => Promise<boolean>) {
    const { api, token, counts, signal, giveUpAfterMs } = this.options;
    return deliver(api, { call: { ...call, token }, signal, giveUpAfterMs, hasHappened }, counts);
  }
}
