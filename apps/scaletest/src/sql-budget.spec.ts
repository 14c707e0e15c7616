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
  it("of this repository only ever went down, and is within the architecture's limit", () => {
    expect(readBudget(OURS).follow_up_statements_per_turn.budget).toBeLessThanOrEqual(3);
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
