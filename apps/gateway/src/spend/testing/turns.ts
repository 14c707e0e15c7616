/** Ends turns as a worker would, at a cost of the test's choice. */
import { randomUUID } from 'node:crypto';
import { acquire, finishTurn, readChat, renewLease, type ChatHead } from '@parley/chat-state';
import type { Database } from '@parley/database';
import type { TestGateway } from '../../testing/start-gateway';

export interface TurnEnder {
  /** Answers the chat's turn, and those of its queue, at `costMicros` each; null: a cost that nobody knows. */
  end(chatId: string, costMicros: number | null): Promise<void>;
}

export async function createTurnEnder(gateway: TestGateway, modelConfigId: string): Promise<TurnEnder> {
  const { database } = gateway.testDatabase;
  const store = { database, bus: gateway.bus };
  const workerId = randomUUID();
  await renewLease(database, { workerId, hostname: 'test', leaseMs: 3_600_000 });
  return {
    async end(chatId, costMicros) {
      await acquire(store, { workerId, chatId });
      for (let head = await headOf(database, chatId); head.status === 'running';) {
        const { historyVersion, runnerId } = head;
        const done = await finishTurn(store, {
          fence: { chatId, runnerId: runnerId ?? '', historyVersion },
          messages: [
            {
              role: 'assistant',
              content: [{ type: 'text', text: 'Done.' }],
              modelConfigId,
              modelCallId: randomUUID(),
              usage: { input_tokens: 10, output_tokens: 5, total_tokens: 15 },
              ...(costMicros !== null && { totalCostMicros: costMicros }),
            },
          ],
        });
        if (!done.ok) throw new Error(`The turn of ${chatId} was not ended: ${done.reason}`);
        head = done.chat;
      }
    },
  };
}

async function headOf(database: Database, chatId: string): Promise<ChatHead> {
  const head = await readChat(database, { chatId });
  if (head === null) throw new Error('no such chat');
  return head;
}
