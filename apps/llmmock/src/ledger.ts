/**
 * What the mock was asked and what it served, for load tests that want to know whether a model call was lost, doubled or
 * out of order. Bounded by count and by bytes: the oldest entries are forgotten first, and the totals keep counting. Ids
 * grow by one for each request, so `after` pages without a gap.
 */
import type { ApiName } from './model-request';

export interface LedgerEntry {
  readonly id: number;
  readonly api: ApiName;
  readonly receivedAtMs: number;
  model: string | null;
  key: string | null;
  /** Which model request of its turn it is, from 0. */
  step: number;
  purpose: 'chat' | 'structured' | 'summary';
  promptSha256: string | null;
  messageCount: number;
  lastUserText: string;
  /** Of the control blocks in all user messages, oldest first; of a long prompt only the newest, see `keptKeys`. */
  userKeys: readonly string[];
  /** How many there are, whether or not they are kept. */
  userKeyCount: number;
  /** Of the model's earlier texts in the prompt. */
  answerCharacters: number;
  /** In the prompt. */
  toolResults: number;
  streamed: boolean;
  /** The HTTP status; 0 while nothing was sent. */
  status: number;
  fault: string | null;
  error: string | null;
  chunksPlanned: number;
  chunksSent: number;
  bytesReceived: number;
  bytesSent: number;
  usage: { inputTokens: number; outputTokens: number; cachedTokens: number; reasoningTokens: number } | null;
  scheduleMs: number;
  firstByteAtMs: number | null;
  endedAtMs: number | null;
  closedByClientAtMs: number | null;
  /** From arrival to the last byte or the client's leaving, on the monotonic clock. */
  durationMs: number | null;
}

export interface LedgerLimits {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

const FIXED_ENTRY_BYTES = 600;
const MAX_TEXT_CHARACTERS = 400;
const BYTES_PER_KEY = 40;
const MAX_KEYS_CHARACTERS = 1_000;

/** Cut for the ledger. */
export function ledgerText(text: string): string {
  return text.length <= MAX_TEXT_CHARACTERS ? text : `${text.slice(0, MAX_TEXT_CHARACTERS)}…`;
}

/** The newest of these keys, as many as an entry has room for. */
export function keptKeys(keys: readonly string[]): readonly string[] {
  let characters = 0;
  const oldest = keys.findLastIndex((key) => (characters += key.length) > MAX_KEYS_CHARACTERS);
  return keys.slice(oldest + 1);
}

function bytesOf(entry: LedgerEntry): number {
  return (
    FIXED_ENTRY_BYTES +
    entry.userKeys.reduce((sum, key) => sum + BYTES_PER_KEY + 2 * key.length, 0) +
    2 *
      (entry.lastUserText.length +
        (entry.error?.length ?? 0) +
        (entry.key?.length ?? 0) +
        (entry.model?.length ?? 0))
  );
}

export class Ledger {
  private entries: LedgerEntry[] = [];
  /** Entries before it in the array are forgotten; the array is compacted now and then. */
  private head = 0;
  private nextId = 1;
  private bytes = 0;
  private readonly sizes = new Map<number, number>();
  dropped = 0;

  constructor(private readonly limits: LedgerLimits) {}

  open(api: ApiName, receivedAtMs: number): LedgerEntry {
    const entry: LedgerEntry = {
      id: this.nextId,
      api,
      receivedAtMs,
      model: null,
      key: null,
      step: 0,
      purpose: 'chat',
      promptSha256: null,
      messageCount: 0,
      lastUserText: '',
      userKeys: [],
      userKeyCount: 0,
      answerCharacters: 0,
      toolResults: 0,
      streamed: false,
      status: 0,
      fault: null,
      error: null,
      chunksPlanned: 0,
      chunksSent: 0,
      bytesReceived: 0,
      bytesSent: 0,
      usage: null,
      scheduleMs: 0,
      firstByteAtMs: null,
      endedAtMs: null,
      closedByClientAtMs: null,
      durationMs: null,
    };
    this.nextId += 1;
    this.entries.push(entry);
    this.account(entry);
    return entry;
  }

  /** To be called when the texts of an entry were filled in, so that its bytes count. */
  account(entry: LedgerEntry): void {
    const oldest = this.entries[this.head];
    if (oldest === undefined || entry.id < oldest.id) return;
    const size = bytesOf(entry);
    this.bytes += size - (this.sizes.get(entry.id) ?? 0);
    this.sizes.set(entry.id, size);
    while (this.count > this.limits.maxEntries || (this.bytes > this.limits.maxBytes && this.count > 1))
      this.dropOldest();
  }

  get count(): number {
    return this.entries.length - this.head;
  }

  private dropOldest(): void {
    const oldest = this.entries[this.head];
    if (oldest === undefined) return;
    this.bytes -= this.sizes.get(oldest.id) ?? 0;
    this.sizes.delete(oldest.id);
    this.head += 1;
    this.dropped += 1;
    if (this.head > 1024 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** Entries with an id greater than `after`, oldest first. */
  list({ key, after, limit }: { key?: string | undefined; after: number; limit: number }): LedgerEntry[] {
    const firstId = this.entries[this.head]?.id ?? this.nextId;
    const found: LedgerEntry[] = [];
    for (
      let index = this.head + Math.max(0, after + 1 - firstId);
      index < this.entries.length && found.length < limit;
      index += 1
    ) {
      const entry = this.entries[index];
      if (entry !== undefined && (key === undefined || entry.key === key)) found.push(entry);
    }
    return found;
  }

  clear(): void {
    this.entries = [];
    this.head = 0;
    this.bytes = 0;
    this.dropped = 0;
    this.sizes.clear();
  }
}
