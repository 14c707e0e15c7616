/** Reads what the mock was asked since the harness began. */
import type { LedgerEntryJson } from '@parley/llmmock';
import { type LedgerCalls, toLedgerCalls } from '../oracle/ledger-call';

interface Page {
  readonly entries: readonly LedgerEntryJson[];
  readonly next_after: number;
  readonly dropped: number;
}

const PAGE = 5_000;

export class MockLedger {
  private startsAfter = 0;
  private droppedBefore = 0;

  constructor(private readonly mockUrl: string) {}

  /** What was asked before does not count. */
  async begin(): Promise<void> {
    let page = await this.page(this.startsAfter);
    while (page.entries.length > 0) page = await this.page(page.next_after);
    this.startsAfter = page.next_after;
    this.droppedBefore = page.dropped;
  }

  async read(): Promise<LedgerCalls> {
    const entries: LedgerEntryJson[] = [];
    let page = await this.page(this.startsAfter);
    for (; page.entries.length > 0; page = await this.page(page.next_after)) entries.push(...page.entries);
    const forgotten = page.dropped - this.droppedBefore;
    const first = entries[0]?.id ?? this.startsAfter + 1;
    // Forgetting what was there before is no loss.
    return toLedgerCalls(entries, first > this.startsAfter + 1 ? forgotten : 0);
  }

  private async page(after: number): Promise<Page> {
    const response = await fetch(`${this.mockUrl}/ledger?after=${after}&limit=${PAGE}`);
    if (!response.ok) throw new Error(`GET /ledger of the mock answered ${response.status}`);
    return (await response.json()) as Page;
  }
}
