/**
 * How many statements a turn may cost. The numbers live in `sql-budget.json` beside the package and only ever go down: a change that
 * needs fewer lowers them, none raises them.
 */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { LoadReport } from './report/schema';

const entry = z.object({
  budget: z.number().positive(),
  /** Every budget there was, oldest first. */
  history: z.array(z.number().positive()).min(1),
});

const budgetFile = z.object({
  follow_up_statements_per_turn: entry,
  create_statements_per_chat: entry,
});
export type SqlBudget = z.infer<typeof budgetFile>;

/** @throws when the file is not a budget, or one that went up */
export function readBudget(path: string): SqlBudget {
  const budget = budgetFile.parse(JSON.parse(readFileSync(path, 'utf8')));
  for (const [name, { budget: now, history }] of Object.entries(budget)) {
    const isFalling = history.every((value, index) => index === 0 || value <= (history[index - 1] ?? value));
    if (!isFalling) throw new Error(`${path}: the history of ${name} goes up: a budget only goes down`);
    if (history.at(-1) !== now) throw new Error(`${path}: ${name} must end its history with ${now}`);
  }
  return budget;
}

export function checkBudget(load: LoadReport, budget: SqlBudget): NonNullable<LoadReport['budget']> {
  const lines = [
    {
      what: 'statements of a follow-up turn',
      budget: budget.follow_up_statements_per_turn.budget,
      measured: load.sql?.follow_up?.statements_per_turn ?? null,
    },
    {
      what: 'statements of a first turn',
      budget: budget.create_statements_per_chat.budget,
      measured: load.sql?.create?.statements_per_turn ?? null,
    },
  ];
  return {
    is_kept: lines.every(({ budget: limit, measured }) => measured !== null && measured <= limit),
    lines,
  };
}
