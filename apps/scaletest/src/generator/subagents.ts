/** The subagents that were spawned in a chat: chats of their own, watched and judged as such. */
import type { AnswerShape, TurnOrder } from '../answer-shape';
import { agentsOf } from '../oracle/observation';
import type { ChatSession, SessionOptions } from './chat-session';

export class Subagents {
  readonly sessions: ChatSession[] = [];

  constructor(
    private readonly parent: ChatSession,
    private readonly open: (options: SessionOptions) => ChatSession,
  ) {}

  /** What a subagent of the parent's next turn is to answer. */
  order(number: number, shape: AnswerShape): TurnOrder {
    const { options, turns } = this.parent;
    return { key: `${options.name}/${turns.length}/agent.${number}`, shape, toolSteps: [] };
  }

  /** The ids of those that were spawned after the message with this key, in the order of the calls. */
  spawnedAfter(key: string): string[] {
    const { messages, userIds } = this.parent.main.fold;
    const asked = userIds.get(key) ?? Number.POSITIVE_INFINITY;
    const rows = [...messages.values()].filter(({ id }) => id > asked);
    return agentsOf(rows).map(({ chatId }) => chatId);
  }

  /** Resolves when its turn has ended. @throws TurnFailedError, RunAbortedError */
  watch(chatId: string, order: TurnOrder): Promise<void> {
    const session = this.open({ ...this.parent.options, name: order.key });
    this.sessions.push(session);
    return session.adopt(chatId, order);
  }

  close(): void {
    for (const session of this.sessions) session.close();
  }
}
