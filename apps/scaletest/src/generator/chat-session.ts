/**
 * One chat, driven and watched: sends turns, runs the client's tools, waits for each turn to end, and keeps what the oracle judges.
 *
 * A turn has ended when the stream shows its answer and the chat at rest, or the next message in the history. A turn that does not end
 * in time is a hang, kept with the last event seen.
 */
import type { ChatMessage, MessagesResponse } from '@parley/contracts';
import { type AnswerShape, LOOKUP_TOOL, promptFor } from '../answer-shape';
import { type ObservedChat, type SeenMessage, toSeenMessage } from '../oracle/observation';
import { deliver, type DeliveryCounts } from './delivery';
import { RefusedError, RunAbortedError, TurnFailedError } from './errors';
import type { HangWatch } from './hang-watch';
import type { Call, HttpClient } from './http-client';
import { ToolRuns } from './tool-runs';
import { Turn } from './turn';
import { Viewer, type ViewerOptions } from './viewer';

export interface SessionOptions {
  readonly api: HttpClient;
  readonly streams: HttpClient;
  readonly token: string;
  readonly organizationId: string;
  readonly modelConfigId: string | undefined;
  /** Begins every key of this chat. */
  readonly name: string;
  readonly scenario: string;
  readonly runTag: string;
  readonly shape: AnswerShape;
  readonly turnTimeoutMs: number;
  readonly hangs: HangWatch;
  readonly counts: DeliveryCounts;
  readonly signal: AbortSignal;
  /** Workers may die or the model fail: a step may be generated again. */
  readonly mayRegenerate: boolean;
  readonly meddle: ViewerOptions['meddle'];
}

export interface TurnWish {
  readonly intendedAtMs: number;
  readonly toolSteps?: readonly number[];
  readonly shape?: AnswerShape;
  readonly busyBehavior?: 'queue' | 'interrupt';
}

interface Pending {
  readonly turn: Turn;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly unwatch: () => void;
}

const PAGE = 200;

export class ChatSession {
  readonly turns: Turn[] = [];
  readonly viewers: Viewer[] = [];
  chatId = '';
  private readonly tools = new ToolRuns((calls) => this.answerTools(calls));
  private readonly pending = new Set<Pending>();
  private firstPart: (() => void) | undefined;
  private history: readonly SeenMessage[] | null = null;

  constructor(readonly options: SessionOptions) {
    options.signal.addEventListener('abort', () => this.abort(), { once: true });
  }

  get main(): Viewer {
    const [viewer] = this.viewers;
    if (viewer === undefined) throw new Error('The chat has no viewer yet');
    return viewer;
  }

  /** Creates the chat with its first turn and watches it; resolves when the turn is accepted. */
  async create(wish: TurnWish): Promise<Turn> {
    const turn = this.plan('create', wish);
    const { organizationId, modelConfigId, runTag } = this.options;
    const reply = await this.send(turn, {
      method: 'POST',
      path: '/chats',
      token: this.options.token,
      body: {
        organization_id: organizationId,
        content: [{ type: 'text', text: promptFor(turn.order) }],
        labels: { scaletest: runTag },
        ...(modelConfigId === undefined ? {} : { model_config_id: modelConfigId }),
        ...(wish.toolSteps === undefined ? {} : { unsafe_dynamic_tools: [LOOKUP_TOOL] }),
      },
    });
    this.chatId = (JSON.parse(reply ?? '{}') as { id?: string }).id ?? '';
    this.addViewer({});
    return turn;
  }

  addViewer({ pauseMs }: { pauseMs?: number }): Viewer {
    const { streams, token, meddle } = this.options;
    const isMain = this.viewers.length === 0;
    const viewer = new Viewer({
      client: streams,
      token,
      chatId: this.chatId,
      name: `viewer ${this.viewers.length + 1}`,
      ...(pauseMs === undefined ? {} : { pauseMs }),
      ...(isMain ? { onEvents: () => this.look(), meddle } : {}),
    });
    this.viewers.push(viewer);
    viewer.open();
    return viewer;
  }

  /** Sends a message; resolves when it is accepted. */
  async begin(wish: TurnWish): Promise<Turn> {
    const turn = this.plan('follow_up', wish);
    await this.send(turn, {
      method: 'POST',
      path: `/chats/${this.chatId}/messages`,
      token: this.options.token,
      body: {
        content: [{ type: 'text', text: promptFor(turn.order) }],
        ...(wish.busyBehavior === undefined ? {} : { busy_behavior: wish.busyBehavior }),
      },
    });
    return turn;
  }

  /** Resolves when the turn has ended. @throws TurnFailedError, RunAbortedError */
  finish(turn: Turn): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.options.signal.aborted) return reject(new RunAbortedError());
      const unwatch = this.options.hangs.watch(this.options.turnTimeoutMs, () => this.hang(turn));
      this.pending.add({ turn, resolve, reject, unwatch });
      this.look();
    });
  }

  async turn(wish: TurnWish): Promise<Turn> {
    const turn = await this.begin(wish);
    await this.finish(turn);
    return turn;
  }

  /** Resolves at the next live part, or when nothing runs any more. */
  untilFirstPart(): Promise<void> {
    const { fold } = this.main;
    const before = fold.firstPartAtMs;
    return new Promise((resolve) => {
      this.firstPart = () => {
        if (fold.firstPartAtMs === before && fold.status === 'running') return;
        this.firstPart = undefined;
        resolve();
      };
    });
  }

  /** Stops what runs. False when nothing ran any more. */
  async interrupt(turn: Turn): Promise<boolean> {
    turn.ending = 'cut';
    return (await this.change('POST', '/interrupt')) !== 409;
  }

  /** Replaces the message of an ended turn; what came after it goes. */
  async edit(turn: Turn, wish: TurnWish): Promise<Turn> {
    const id = this.main.fold.userIds.get(turn.order.key);
    const edited = this.plan('follow_up', wish);
    const at = this.turns.indexOf(turn);
    for (const gone of this.turns.slice(at, -1)) gone.ending = 'removed';
    await this.send(edited, {
      method: 'PATCH',
      path: `/chats/${this.chatId}/messages/${id ?? 0}`,
      token: this.options.token,
      body: { content: [{ type: 'text', text: promptFor(edited.order) }] },
    });
    return edited;
  }

  setArchived(archived: boolean): Promise<number> {
    return this.change('PATCH', '', { archived });
  }

  /** A call whose refusal is an answer too. @returns the status */
  async change(method: Call['method'], path: string, body?: unknown): Promise<number> {
    const call: Call = {
      method,
      path: `/chats/${this.chatId}${path}`,
      token: this.options.token,
      ...(body === undefined ? {} : { body }),
    };
    return (await this.options.api.call(call)).status;
  }

  /** Reads the history as any client may; keeps it for the oracle. */
  async readHistory(): Promise<void> {
    const rows: ChatMessage[] = [];
    for (let hasMore = true; hasMore;) {
      const page = await this.page(`after_id=${rows.at(-1)?.id ?? 0}&limit=${PAGE}`);
      rows.push(...page.messages);
      hasMore = page.has_more;
    }
    this.history = rows.map((row) => toSeenMessage(row));
  }

  /** True when every viewer holds as many messages as the history. */
  get areViewersCurrent(): boolean {
    const newest = this.history?.at(-1)?.id ?? 0;
    return this.viewers.every((viewer) => newest === 0 || viewer.fold.messages.has(newest));
  }

  observation(): ObservedChat {
    return {
      chatId: this.chatId,
      turns: this.turns,
      viewers: this.viewers.map(({ name, fold, isAttached }) => ({
        name,
        messages: [...fold.messages.values()].sort((left, right) => left.id - right.id),
        findings: fold.findings,
        isComplete: isAttached,
      })),
      repeatedToolCalls: this.tools.repeated,
      mayRegenerate: this.options.mayRegenerate || this.viewers.some(({ fold }) => fold.retries > 0),
      history: this.history,
      finalStatus: this.viewers[0]?.fold.status,
    };
  }

  close(): void {
    for (const viewer of this.viewers) viewer.close();
  }

  private plan(phase: Turn['phase'], wish: TurnWish): Turn {
    const order = {
      key: `${this.options.name}/${this.turns.length}`,
      shape: wish.shape ?? this.options.shape,
      toolSteps: wish.toolSteps ?? [],
    };
    const turn = new Turn(order, phase, this.options.scenario, wish.intendedAtMs);
    this.turns.push(turn);
    return turn;
  }

  private async send(turn: Turn, call: Call): Promise<string | undefined> {
    turn.sentAtMs = performance.now();
    if (this.viewers.length > 0) this.main.fold.worstGapMs = 0;
    try {
      const { api, signal, counts, turnTimeoutMs } = this.options;
      const delivery = { call, signal, giveUpAfterMs: turnTimeoutMs, hasHappened: () => this.holds(turn) };
      const reply = await deliver(api, delivery, counts);
      turn.acceptedAtMs = performance.now();
      turn.wasAccepted = true;
      return reply?.text;
    } catch (error) {
      if (this.options.signal.aborted) throw new RunAbortedError();
      turn.outcome = 'failed';
      turn.failure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** A chat that may have been created without our knowing is left alone: its turn counts as not accepted. */
  private async holds(turn: Turn): Promise<boolean> {
    if (this.chatId === '') return false;
    const { messages, queued_messages: queue } = await this.page('limit=50');
    const mark = `"key":"${turn.order.key}"`;
    const texts = [...messages, ...queue].flatMap(({ content }) => content);
    return texts.some((part) => part.type === 'text' && part.text.includes(mark));
  }

  private async page(query: string): Promise<MessagesResponse> {
    const path = `/chats/${this.chatId}/messages?${query}`;
    const { status, text } = await this.options.api.call({ method: 'GET', path, token: this.options.token });
    if (status !== 200) throw new RefusedError(`GET ${path}`, status, text);
    return JSON.parse(text) as MessagesResponse;
  }

  /** Called after each batch of events: did anything end? */
  private look(): void {
    const { fold } = this.main;
    this.firstPart?.();
    if (fold.toolCalls.length > 0) this.tools.run(fold.toolCalls);
    if (this.pending.size === 0) return;
    for (const pending of this.pending) {
      const { turn } = pending;
      const userId = fold.userIds.get(turn.order.key);
      if (userId === undefined) continue;
      if (turn.firstPartAtMs === 0 && fold.lastPartAtMs >= turn.sentAtMs && fold.lastUserId === userId)
        turn.firstPartAtMs = Math.max(fold.firstPartAtMs, turn.sentAtMs);
      const isAnswered = fold.lastAnswerId > userId || turn.ending === 'cut';
      const isAtRest = fold.status === 'waiting' && isAnswered && fold.statusAtMs >= turn.sentAtMs;
      if (isAtRest || fold.lastUserId > userId)
        this.end(pending, isAtRest ? fold.statusAtMs : performance.now());
      else if (fold.status === 'error' && fold.statusAtMs >= turn.sentAtMs)
        this.fail(pending, 'failed', fold.error ?? 'the chat is in error');
    }
  }

  private end(pending: Pending, atMs: number): void {
    const { turn } = pending;
    turn.doneAtMs = atMs;
    if (turn.firstPartAtMs === 0) turn.firstPartAtMs = atMs;
    turn.worstGapMs = this.main.fold.worstGapMs;
    turn.outcome = 'done';
    this.settle(pending);
    pending.resolve();
  }

  private fail(pending: Pending, outcome: 'failed' | 'hung', failure: string): void {
    pending.turn.outcome = outcome;
    pending.turn.failure = failure;
    this.settle(pending);
    pending.reject(new TurnFailedError(failure));
  }

  private settle(pending: Pending): void {
    this.pending.delete(pending);
    pending.unwatch();
  }

  private hang(turn: Turn): void {
    const { fold } = this.main;
    const seconds = Math.round((performance.now() - turn.sentAtMs) / 1000);
    const failure = `not ended after ${seconds} s; last event: ${fold.lastEvent}; status: ${fold.status ?? 'unknown'}`;
    for (const pending of this.pending) if (pending.turn === turn) this.fail(pending, 'hung', failure);
  }

  private abort(): void {
    for (const pending of this.pending) {
      this.settle(pending);
      pending.reject(new RunAbortedError());
    }
  }

  private async answerTools(calls: readonly { id: string; token: string }[]): Promise<void> {
    const call: Call = {
      method: 'POST',
      path: `/chats/${this.chatId}/tool-results`,
      token: this.options.token,
      body: { results: calls.map(({ id, token }) => ({ tool_call_id: id, output: { token } })) },
    };
    const { api, signal, counts, turnTimeoutMs } = this.options;
    const hasHappened = (): Promise<boolean> => Promise.resolve(false);
    await deliver(api, { call, signal, giveUpAfterMs: turnTimeoutMs, hasHappened }, counts);
  }
}
