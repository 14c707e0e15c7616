/**
 * The journal of the calls of one answer, as the worker keeps it (docs/decisions/0005): only of calls whose repetition could do
 * harm, one statement for all that begin, and one for all the results that came while another was under way.
 *
 * A result is written when other calls still run. That of the last call is not: the commit of all results follows at once, and stands
 * for it. Losing the journal of a result loses only that result, never a call twice: without it the outcome is unknown.
 */
import {
  finishCalls,
  startCalls,
  type ChatHead,
  type ChatStore,
  type Fence,
  type JournalledCall,
} from '@parley/chat-state';
import type { OpenCall, ToolResultPart } from '@parley/contracts';
import type { Persistence } from '../persistence';
import type { TaskLogger } from '../tasks';
import type { RunnableCall } from './plan-calls';
import type { ToolRegistry } from './tool-registry';

export interface CallJournalOptions {
  readonly store: ChatStore;
  readonly persistence: Persistence;
  readonly logger: TaskLogger;
  readonly fence: Fence;
  readonly attemptId: string;
  readonly stop: AbortSignal;
}

export class CallJournal {
  private readonly begun = new Set<string>();
  private ended: ToolResultPart[] = [];
  private writing: Promise<void> | null = null;

  constructor(private readonly options: CallJournalOptions) {}

  /**
   * What is known of these calls, in their order; those that are `started` may run. Null: the chat is another's by now.
   * @throws what the store throws; the reason of `stop`
   */
  async start(calls: readonly RunnableCall[]): Promise<JournalledCall[] | null> {
    const { store, persistence, fence, attemptId, stop } = this.options;
    const toolCallIds = calls.filter(isJournalled).map(({ call }) => call.tool_call_id);
    if (toolCallIds.length === 0) return calls.map(() => ({ state: 'started' }));
    const input = { fence, attemptId, toolCallIds };
    const known = await persistence.write(() => startCalls(store.database, input), stop);
    if (known === null) return null;
    for (const id of toolCallIds) this.begun.add(id);
    let next = 0;
    return calls.map((planned) => {
      if (!isJournalled(planned)) return { state: 'started' };
      return known[next++] ?? { state: 'unknown' };
    });
  }

  /** A call that was begun has ended, and others have not. */
  end(result: ToolResultPart): void {
    if (!this.begun.has(result.tool_call_id)) return;
    this.ended.push(result);
    this.writing ??= this.write().finally(() => (this.writing = null));
  }

  /** Resolves when nothing is being written. */
  async settled(): Promise<void> {
    await this.writing;
  }

  /** Never rejects. */
  private async write(): Promise<void> {
    const { store, persistence, logger, fence, attemptId, stop } = this.options;
    while (this.ended.length > 0) {
      const results = this.ended;
      this.ended = [];
      try {
        const input = { fence, attemptId, results };
        await persistence.write(() => finishCalls(store.database, input), stop);
      } catch (error) {
        if (!stop.aborted) {
          logger.warn({ err: error, chat_id: fence.chatId }, 'Results of tool calls were not journalled');
        }
      }
    }
  }
}

/** Of the chat's open calls those that are in the journal if anybody, be it another worker, has begun to run them. */
export function journalledCallIds(registry: ToolRegistry, chat: ChatHead): string[] {
  const mayHaveRun = (call: OpenCall): boolean =>
    !call.dynamic && registry.find(chat, call.tool_name)?.annotations.isIdempotent === true;
  return chat.openCalls.filter((call) => !mayHaveRun(call)).map((call) => call.tool_call_id);
}

function isJournalled({ tool }: RunnableCall): boolean {
  return !tool.annotations.isIdempotent;
}
