import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readBudget } from './sql-budget';

const OURS = join(__dirname, '..', 'sql-budget.json');

function fileWith(budget: object): string {
  const path = join(mkdtempSync(join(tmpdir(), 'parley-budget-')), 'budget.json');
  writeFileSync(path, JSON.stringify(budget));
  return path;
}

describe('the SQL budget', () => {
  // The history in the file could be rewritten with it: these go down with the file, and nothing raises them.
  it('of this repository is no higher than it ever was', () => {
    const { follow_up_statements_per_turn: followUp, create_statements_per_chat: create } = readBudget(OURS);
    expect(followUp.budget).toBeLessThanOrEqual(2.2);
    expect(create.budget).toBeLessThanOrEqual(8.6);
    expect(followUp.history.slice(0, 2)).toEqual([3, 2.2]);
    expect(create.history.slice(0, 3)).toEqual([12, 9, 8.6]);
  });

  it('is refused when it went up', () => {
    const entry = { budget: 3, history: [2, 3] };
    const path = fileWith({ follow_up_statements_per_turn: entry, create_statements_per_chat: entry });
    expect(() => readBudget(path)).toThrow(/goes up/);
  });

  it('is refused when its history does not end with it', () => {
    const entry = { budget: 2, history: [3] };
    const path = fileWith({ follow_up_statements_per_turn: entry, create_statements_per_chat: entry });
    expect(() => readBudget(path)).toThrow(/must end its history with 2/);
  });
});
