/**
 * One chat, driven and watched: sends turns, runs the client's tools, waits for each turn to end, and keeps what the oracle judges.
 *
 * A turn has ended when the stream shows its answer and the chat at rest, or the next message. One that does not end in time hangs. Where
 * the bus was away the answer may come with no status: the chat rested when the viewer last heard, and rests again.
 */
import { type AnswerShape, LOOKUP_TOOL, promptFor, type TurnOrder } from '../answer-shape';
import { ChatCalls } from './chat-calls';
import { ChatEvidence } from './chat-evidence';
import { ClientViewers } from './client-viewers';
import type { DeliveryCounts } from './delivery';
import { RefusedError, RunAbortedError, TurnFailedError } from './errors';
import type { HangWatch } from './hang-watch';
import type { Call, HttpClient } from './http-client';
import { Interruptions } from './interruptions';
import { ToolRuns } from './tool-runs';
import { Subagents } from './subagents';
import { Turn } from './turn';
import { endOf, hasParts } from './turn-end';
import { Viewer } from './viewer';

export interface SessionOptions {
  readonly api: HttpClient;
  readonly streams: HttpClient;
  readonly apiUrls: readonly string[];
  readonly streamUrls: readonly string[];
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
}

export interface TurnWish extends Partial<Omit<TurnOrder, 'key'>> {
  readonly intendedAtMs: number;
  readonly busyBehavior?: 'queue' | 'interrupt';
}

interface Pending {
  readonly turn: Turn;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly unwatch: () => void;
}

export class ChatSession {
  readonly turns: Turn[] = [];
  readonly viewers: Viewer[] = [];
  readonly subagents = new Subagents(this, (options) => new ChatSession(options));
  readonly interruptions = new Interruptions(this);
  readonly clients: ClientViewers;
  readonly evidence: ChatEvidence;
  private readonly calls: ChatCalls;
  private readonly tools = new ToolRuns((runs) => this.calls.answerTools(runs));
  private readonly pending = new Set<Pending>();
  private firstPart: (() => void) | undefined;

  constructor(readonly options: SessionOptions) {
    this.calls = new ChatCalls({ ...options, giveUpAfterMs: options.turnTimeoutMs });
    this.clients = new ClientViewers(options);
    const { calls, turns, viewers, clients, tools } = this;
    this.evidence = new ChatEvidence({ calls, turns, viewers, clients, tools });
    options.signal.addEventListener('abort', this.abort, { once: true });
  }

  /** Empty until the chat exists. */
  get chatId(): string {
    return this.calls.chatId;
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
      body: {
        organization_id: organizationId,
        content: [{ type: 'text', text: promptFor(turn.order) }],
        labels: { scaletest: runTag },
        ...(modelConfigId === undefined ? {} : { model_config_id: modelConfigId }),
        ...(wish.toolSteps === undefined ? {} : { unsafe_dynamic_tools: [LOOKUP_TOOL] }),
      },
    });
    this.calls.chatId = (JSON.parse(reply ?? '{}') as { id?: string }).id ?? '';
    this.addViewer({});
    return turn;
  }

  addViewer({ pauseMs }: { pauseMs?: number }): Viewer {
    const { streams, token } = this.options;
    const isMain = this.viewers.length === 0;
    const viewer = new Viewer({
      client: streams,
      token,
      chatId: this.chatId,
      name: `viewer ${this.viewers.length + 1}`,
      ...(pauseMs === undefined ? {} : { pauseMs }),
      ...(isMain ? { onEvents: () => this.look() } : {}),
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

  /** Resolves at the first live part of the next answer, if there is any. */
  untilFirstPart(): Promise<void> {
    const { fold } = this.main;
    const before = fold.firstPartAtMs;
    return new Promise((resolve) => {
      this.firstPart = () => {
        if (fold.firstPartAtMs === before) return;
        this.firstPart = undefined;
        resolve();
      };
    });
  }

  /** Replaces the message of an ended turn; what came after it goes. */
  async edit(turn: Turn, wish: TurnWish): Promise<Turn> {
    const id = this.main.fold.userIds.get(turn.order.key);
    const edited = this.plan('follow_up', wish);
    const at = this.turns.indexOf(turn);
    for (const gone of this.turns.slice(at, -1)) {
      gone.ending = 'removed';
      gone.removedBy ??= edited.order.key;
    }
    await this.send(edited, {
      method: 'PATCH',
      path: `/chats/${this.chatId}/messages/${id ?? 0}`,
      body: { content: [{ type: 'text', text: promptFor(edited.order) }] },
    });
    return edited;
  }

  /** Has the history summarised after an ended turn that was planned for it; resolves when that is done. @throws TurnFailedError */
  async compact(turn: Turn): Promise<void> {
    turn.outcome = 'pending';
    const status = await this.change('POST', '/compact');
    if (status !== 200) throw new RefusedError('compact', status, 'expected 200');
    turn.isCompacted = true;
    await this.finish(turn);
  }

  /** Takes over a chat that the platform made, at its only turn; resolves when that has ended. @throws TurnFailedError */
  adopt(chatId: string, order: TurnOrder): Promise<void> {
    this.calls.chatId = chatId;
    const turn = new Turn(order, 'create', this.options.scenario, performance.now());
    turn.sentAtMs = turn.intendedAtMs;
    turn.wasAccepted = true;
    this.turns.push(turn);
    this.addViewer({});
    return this.finish(turn);
  }

  setArchived(archived: boolean): Promise<number> {
    return this.change('PATCH', '', { archived });
  }

  /** @returns the status, also of a refusal */
  change(method: Call['method'], path: string, body?: unknown): Promise<number> {
    return this.calls.change(method, path, body);
  }

  close(): void {
    this.options.signal.removeEventListener('abort', this.abort);
    for (const viewer of this.viewers) viewer.close();
    this.subagents.close();
    this.clients.close();
  }

  private plan(phase: Turn['phase'], wish: TurnWish): Turn {
    const { intendedAtMs, busyBehavior: _busy, ...ordered } = wish;
    const { name, shape, scenario } = this.options;
    const order = { shape, toolSteps: [], ...ordered, key: `${name}/${this.turns.length}` };
    const turn = new Turn(order, phase, scenario, intendedAtMs);
    this.turns.push(turn);
    return turn;
  }

  private async send(turn: Turn, call: Omit<Call, 'token'>): Promise<string | undefined> {
    turn.sentAtMs = performance.now();
    if (this.viewers.length > 0) this.main.fold.worstGapMs = 0;
    try {
      const reply = await this.calls.send(turn.order.key, call);
      turn.acceptedAtMs = performance.now();
      turn.wasAccepted = true;
      return reply;
    } catch (error) {
      if (this.options.signal.aborted) throw new RunAbortedError();
      turn.outcome = 'failed';
      turn.failure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** Called after each batch of events: did anything end? */
  private look(): void {
    const { fold } = this.main;
    this.firstPart?.();
    if (fold.toolCalls.length > 0) this.tools.run(fold.toolCalls);
    if (this.pending.size === 0) return;
    for (const pending of this.pending) {
      const { turn } = pending;
      if (turn.firstPartAtMs === 0 && hasParts(turn, fold))
        turn.firstPartAtMs = Math.max(fold.firstPartAtMs, turn.sentAtMs);
      const end = endOf(turn, fold);
      if (end?.kind === 'done') this.end(pending, end.atMs ?? performance.now());
      else if (end !== undefined) this.fail(pending, 'failed', end.failure);
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

  private readonly abort = (): void => {
    for (const pending of this.pending) {
      this.settle(pending);
      pending.reject(new RunAbortedError());
    }
  };
}
