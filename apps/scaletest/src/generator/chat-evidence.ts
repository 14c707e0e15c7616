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
  private historyFailure: string | undefined;

  constructor(private readonly options: ChatEvidenceOptions) {}

  /** Reads the history as any client may, and keeps it. */
  async readHistory(): Promise<void> {
    try {
      this.history = await this.options.calls.history();
    } catch (error) {
      this.historyFailure = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** True when every viewer holds the newest message of the history, and lists of chats say its status. */
  get areViewersCurrent(): boolean {
    const newestId = this.history?.at(-1)?.id ?? 0;
    const { viewers, clients, turns } = this.options;
    if (newestId === 0) return true;
    const lastSentAtMs = Math.max(0, ...turns.map(({ sentAtMs }) => sentAtMs));
    return (
      viewers.every(({ fold }) => fold.messages.has(newestId)) &&
      clients.areCurrent({ newestId, status: this.status, lastSentAtMs })
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
      historyFailure: this.historyFailure,
      finalStatus: this.status,
    };
  }

  private get status(): ChatStatus | undefined {
    return this.options.viewers[0]?.fold.status;
  }
}

const observed = ({ name, fold, isAttached }: Viewer): ObservedViewer => ({
  name,
  messages: [...fold.messages.values()].sort((left, right) => left.id - right.id),
  findings: fold.findings,
  gaps: fold.gaps,
  isComplete: isAttached,
});
