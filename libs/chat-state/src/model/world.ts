/** What the actors of one scenario share: the store, the chats with their ledgers, and a source of texts that occur only once. */
import type { Database } from '@parley/database';
import type { ChatStore } from '../types';
import { SilentBus, type ChaosBus } from './chaos-bus';
import type { Ledger } from './ledger';
import { separate } from '../testing/separate';
import type { Fate } from './scenario';

export interface ModelChat {
  id: string;
  ledger: Ledger;
}

export class World {
  private texts = 0;
  private readonly gateways: ChatStore['database'][];

  constructor(
    readonly database: Database,
    readonly bus: ChaosBus,
    readonly ownerId: string,
    readonly chats: readonly ModelChat[],
  ) {
    this.gateways = [this.process(), this.process()];
  }

  /** Unique, and with characters that jsonb would lose or refuse. */
  text(kind: 'user' | 'worker'): string {
    this.texts += 1;
    return `${kind}-${this.texts}\u0000\uE000\uE001`;
  }

  /** The way of one more process to Postgres. */
  process(): ChatStore['database'] {
    return separate(this.database);
  }

  gateway(pick: number): ChatStore['database'] {
    return this.gateways[pick % this.gateways.length] ?? this.process();
  }

  /** The store as this process has it, which is of this fate. */
  store(fate: Fate, process = this.process()): ChatStore {
    if (fate === 'seen' || fate === 'repeated') return { database: process, bus: this.bus };
    return { database: fate === 'cut' ? cutting(process) : process, bus: new SilentBus() };
  }

  chat(chatId: string): ModelChat | undefined {
    return this.chats.find((chat) => chat.id === chatId);
  }
}

export class CutOff extends Error {}

/** The process dies in a transaction, after its last statement and before the commit. */
function cutting(database: ChatStore['database']): ChatStore['database'] {
  return {
    query: (statement, values) => database.query(statement, values),
    transaction: (work) =>
      database.transaction(async (tx) => {
        await work(tx);
        throw new CutOff('cut off inside a transaction');
      }),
  };
}
