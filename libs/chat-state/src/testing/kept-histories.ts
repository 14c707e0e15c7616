/**
 * The histories that scenarios left behind, one of each shape: what the prompts of libs/llm are checked against. Ids and texts are
 * counted anew, so that the same scenarios keep the same file.
 */
import type { MessagePart } from '@parley/contracts';
import type { Database } from '@parley/database';
import { testSql } from './fixture';

export interface KeptRow {
  readonly role: string;
  readonly content: readonly MessagePart[];
  readonly visibility: string;
  readonly compressed: boolean;
}

const READ =
  testSql(`select jsonb_agg(jsonb_build_object('role', role, 'content', content, 'visibility', visibility,
    'compressed', compressed) order by id) as rows
  from chat_messages where not deleted group by chat_id`);
const CALL_ID = /[a-z]+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

export class KeptHistories {
  private readonly byShape = new Map<string, readonly KeptRow[]>();

  /** Of all chats in the database. */
  async keep(database: Database): Promise<void> {
    const chats = await database.query<{ rows: KeptRow[] }>(READ, []);
    for (const { rows } of chats) {
      const history = recounted(rows);
      const shape = JSON.stringify(history.map(({ role, content }) => [role, content.map(kindOf)]));
      if (!this.byShape.has(shape)) this.byShape.set(shape, history);
    }
  }

  /** The longest ones, at most so many. */
  longest(count: number): (readonly KeptRow[])[] {
    return [...this.byShape.values()].toSorted((a, b) => b.length - a.length).slice(0, count);
  }
}

function kindOf(part: MessagePart): string {
  return part.type === 'tool-result' && part.is_error === true ? 'error' : part.type;
}

function recounted(history: readonly KeptRow[]): KeptRow[] {
  const names = new Map<string, string>();
  const text = JSON.stringify(history).replaceAll(CALL_ID, (id) => {
    const name = names.get(id) ?? `call-${names.size + 1}`;
    names.set(id, name);
    return name;
  });
  return JSON.parse(text) as KeptRow[];
}
