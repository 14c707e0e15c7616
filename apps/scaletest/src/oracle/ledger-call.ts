/** A model call as the oracle needs it, from the mock's ledger. */
import type { LedgerEntryJson } from '@parley/llmmock';

export interface LedgerCall {
  readonly id: number;
  readonly step: number;
  readonly purpose: 'chat' | 'summary';
  /** Milliseconds since the epoch. */
  readonly receivedAtMs: number;
  readonly status: number;
  readonly error: string | null;
  readonly fault: string | null;
  /** The whole answer was sent. */
  readonly isWhole: boolean;
  readonly scheduleMs: number;
  readonly durationMs: number;
  /** What it was told; null of a request that could not be read. */
  readonly prompt: LedgerPrompt | null;
}

export interface LedgerPrompt {
  /** Of the user messages, oldest first; the newest ones, where there are very many. */
  readonly userKeys: readonly string[];
  readonly userKeyCount: number;
  /** Of all earlier answers. */
  readonly answerCharacters: number;
  readonly toolResults: number;
}

export interface LedgerCalls {
  readonly byKey: ReadonlyMap<string, readonly LedgerCall[]>;
  /** Entries the mock forgot before they were read. */
  readonly dropped: number;
}

/**
 * Calls that answer a chat or summarise it, by their keys, in the order they arrived. Titles are left out.
 * @throws Error when the mock is one that does not tell what a prompt held
 */
export function toLedgerCalls(entries: Iterable<LedgerEntryJson>, dropped: number): LedgerCalls {
  const byKey = new Map<string, LedgerCall[]>();
  for (const entry of entries) {
    if (entry.key === null || entry.purpose === 'structured') continue;
    const calls = byKey.get(entry.key) ?? [];
    calls.push({
      id: entry.id,
      step: entry.step,
      purpose: entry.purpose,
      receivedAtMs: entry.received_at,
      status: entry.status,
      error: entry.error,
      fault: entry.fault,
      isWhole: entry.chunks_sent >= entry.chunks_planned && entry.closed_by_client_at === null,
      scheduleMs: entry.schedule_ms,
      durationMs: entry.duration_ms ?? 0,
      prompt: promptOf(entry),
    });
    byKey.set(entry.key, calls);
  }
  return { byKey, dropped };
}

function promptOf(entry: LedgerEntryJson): LedgerPrompt | null {
  if (entry.prompt_sha256 === null) return null;
  if (!('user_keys' in entry)) throw new Error('The mock is too old: its ledger has no user_keys');
  return {
    userKeys: entry.user_keys,
    userKeyCount: entry.user_key_count,
    answerCharacters: entry.answer_characters,
    toolResults: entry.tool_results,
  };
}
