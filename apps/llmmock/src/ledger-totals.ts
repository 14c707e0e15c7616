import type { LedgerEntry } from './ledger';

interface ModelTotals {
  requests: number;
  inputTokens: number;
  outputTokens: number;
  cachedTokens: number;
  reasoningTokens: number;
}

const MAX_MODELS = 200;
const OTHER_MODELS = '(other models)';

/** Sums over all requests since the start or the last clearing, whether or not the ledger still holds them. */
export class LedgerTotals {
  private requests = 0;
  private closedByClient = 0;
  private chunksSent = 0;
  private bytesSent = 0;
  private readonly byStatus = new Map<string, number>();
  private readonly byApi = new Map<string, number>();
  private readonly byFault = new Map<string, number>();
  private readonly byModel = new Map<string, ModelTotals>();

  /** Called once for each request, when it is over. */
  add(entry: LedgerEntry): void {
    const count = (map: Map<string, number>, name: string): void =>
      void map.set(name, (map.get(name) ?? 0) + 1);
    this.requests += 1;
    this.chunksSent += entry.chunksSent;
    this.bytesSent += entry.bytesSent;
    if (entry.closedByClientAtMs !== null) this.closedByClient += 1;
    count(this.byStatus, String(entry.status));
    count(this.byApi, entry.api);
    if (entry.fault !== null) count(this.byFault, entry.fault);
    if (entry.usage !== null) this.addUsage(entry.model ?? '', entry.usage);
  }

  private addUsage(model: string, usage: NonNullable<LedgerEntry['usage']>): void {
    const name = this.byModel.has(model) || this.byModel.size < MAX_MODELS ? model : OTHER_MODELS;
    const totals = this.byModel.get(name) ?? {
      requests: 0,
      inputTokens: 0,
      outputTokens: 0,
      cachedTokens: 0,
      reasoningTokens: 0,
    };
    totals.requests += 1;
    totals.inputTokens += usage.inputTokens;
    totals.outputTokens += usage.outputTokens;
    totals.cachedTokens += usage.cachedTokens;
    totals.reasoningTokens += usage.reasoningTokens;
    this.byModel.set(name, totals);
  }

  toJson(): object {
    const models = [...this.byModel].map(([model, totals]) => [
      model,
      {
        requests: totals.requests,
        input_tokens: totals.inputTokens,
        output_tokens: totals.outputTokens,
        cached_tokens: totals.cachedTokens,
        reasoning_tokens: totals.reasoningTokens,
      },
    ]);
    return {
      requests: this.requests,
      closed_by_client: this.closedByClient,
      chunks_sent: this.chunksSent,
      bytes_sent: this.bytesSent,
      by_status: Object.fromEntries(this.byStatus),
      by_api: Object.fromEntries(this.byApi),
      by_fault: Object.fromEntries(this.byFault),
      usage_by_model: Object.fromEntries(models) as object,
    };
  }

  clear(): void {
    this.requests = 0;
    this.closedByClient = 0;
    this.chunksSent = 0;
    this.bytesSent = 0;
    for (const map of [this.byStatus, this.byApi, this.byFault, this.byModel]) map.clear();
  }
}
