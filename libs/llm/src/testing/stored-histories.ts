/**
 * The corpus of stored histories in `histories/`: one for each rule of how prompts are made, and what the fuzzer of the state machine
 * left behind (`npm run fuzz:state -- --runs 400 --keep file`). `visibility` is "both" and `compressed` false unless said; a long text is
 * written as `{"repeat": text, "times": n}`. Signatures and encrypted reasoning are those that the mock makes.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PromptRow } from '../prompt/prompt-row';

export interface StoredHistory {
  readonly name: string;
  readonly rows: readonly PromptRow[];
}

const FILES = ['all-providers', 'anthropic', 'openai-responses', 'fuzzed'] as const;

type WrittenRow = Pick<PromptRow, 'role' | 'content'> & Partial<PromptRow>;

export function storedHistories(): StoredHistory[] {
  return FILES.flatMap((file) => {
    const text = readFileSync(join(__dirname, 'histories', `${file}.json`), 'utf8');
    const written = JSON.parse(text, repeated) as { name: string; rows: WrittenRow[] }[];
    return written.map(({ name, rows }) => ({
      name,
      rows: rows.map((row, index) => ({ visibility: 'both', compressed: false, ...row, id: index + 1 })),
    }));
  });
}

function repeated(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('repeat' in value && 'times' in value)) return value;
  return String(value.repeat).repeat(Number(value.times));
}
