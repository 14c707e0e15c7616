/** What is known of one chat at the end, as the oracle wants it. */
import type { ChatStatus } from '@parley/contracts';
import type { ObservedChat, ObservedViewer, SeenMessage } from '../oracle/observation';
import type { ChatCalls } from './chat-calls';
import type { ClientViewers } from './client-viewers';
import type { ToolRuns } from './tool-runs';
import type { Turn } from './turn';
import type { Viewer } from './viewer';

export interface ChatEvidenceOptions {
  readonly calls: ChatCalls;
  readonly turns: readonly Turn[];
  readonly viewers: readonly Viewer[];
  readonly clients: ClientViewers;
  readonly tools: ToolRuns;
}

export class ChatEvidence {
  private history: readonly SeenMessage[] | null = null;
  private children: readonly string[] | null = null;
  private historyFailure: string | undefined;
  private status: ChatStatus | undefined;
  private queued = 0;

  constructor(private readonly options: ChatEvidenceOptions) {}

  /** Reads the chat and its history as any client may, and keeps them. */
  async readHistory(): Promise<void> {
    const { calls } = this.options;
    try {
      ({ status: this.status, children: this.children } = await calls.chat());
      const { messages, queued } = await calls.history();
      this.history = messages;
      this.queued = queued;
    } catch (error) {
      this.historyFailure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** True when every viewer is there and holds the newest message, the status and the queue of the chat, and lists of chats say its status. */
  get areViewersCurrent(): boolean {
    const newestId = this.history?.at(-1)?.id ?? 0;
    const { viewers, clients, turns } = this.options;
    if (newestId === 0) return true;
    const lastSentAtMs = Math.max(0, ...turns.map(({ sentAtMs }) => sentAtMs));
    const { status, queued } = this;
    return (
      viewers.every(
        ({ fold, isAttached }) =>
          isAttached && fold.messages.has(newestId) && fold.status === status && fold.queuedCount === queued,
      ) && clients.areCurrent({ newestId, status, queued, lastSentAtMs })
    );
  }

  observation(): ObservedChat {
    const { calls, turns, viewers, clients, tools } = this.options;
    const ofClients = clients.observed();
    return {
      chatId: calls.chatId,
      turns,
      viewers: [...viewers.map(observed), ...ofClients.viewers],
      watchers: ofClients.watchers,
      repeatedToolCalls: tools.repeated,
      retriesTold: Math.max(0, ...viewers.map(({ fold }) => fold.retries)),
      history: this.history,
      children: this.children,
      historyFailure: this.historyFailure,
      finalStatus: this.status,
      finalQueued: this.queued,
    };
  }
}

const observed = ({ name, fold, isAttached, lastFailure }: Viewer): ObservedViewer => ({
  name,
  messages: [...fold.messages.values()].sort((left, right) => left.id - right.id),
  findings: fold.findings,
  gaps: fold.gaps,
  wholeIds: fold.wholeIds,
  missingBecause: isAttached ? undefined : lastFailure,
  status: fold.status,
  queuedCount: fold.queuedCount,
});
