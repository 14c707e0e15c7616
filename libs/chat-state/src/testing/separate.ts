/** Statements of one process ride together in batches (`queryBatched`), those of two never do: they race. */
import type { ChatStore } from '../types';

/** The same database as another process has it. */
export function separate(database: ChatStore['database']): ChatStore['database'] {
  return {
    query: (statement, values) => database.query(statement, values),
    transaction: (work) => database.transaction(work),
  };
}
