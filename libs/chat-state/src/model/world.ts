/** What the actors of one scenario share: the store, the chats with their ledgers, and a source of texts that occur only once. */
import type { Database } from '@parley/database';
import type { ChatStore } from '../types';
import { SilentBus, type ChaosBus } from './chaos-bus';
import type { Ledger } from './ledger';
import type { Fate } from './scenario';

export interface ModelChat {
  id: string;
  ledger: Ledger;
}

export class World {
  private texts = 0;

  constructor(
    readonly database: Database,
    readonly bus: ChaosBus,
    readonly ownerId: string,
    readonly chats: readonly ModelChat[],
  ) {}

  /** Unique, and with characters that jsonb would lose or refuse. */
  text(kind: 'user' | 'worker'): string {
    this.texts += 1;
    return `${kind}-${this.texts}\u0000\uE000\uE001`;
  }

  /** The store as a process of this fate has it. */
  store(fate: Fate): ChatStore {
    if (fate === 'seen' || fate === 'repeated') return { database: this.database, bus: this.bus };
    return { database: fate === 'cut' ? cutting(this.database) : this.database, bus: new SilentBus() };
  }

  chat(chatId: string): ModelChat | undefined {
    return this.chats.find((chat) => chat.id === chatId);
  }
}

export class CutOff extends Error {}

/** The process dies in a transaction, after its last statement and before the commit. */
function cutting(database: Database): ChatStore['database'] {
  return {
    query: (statement, values) => database.query(statement, values),
    transaction: (work) =>
      database.transaction(async (tx) => {
        await work(tx);
        throw new CutOff('cut off inside a transaction');
      }),
  };
}
