/**
 * The client's tools: each call is run once and answered once. A call that comes again after its result was accepted, under whatever id,
 * is kept as evidence: somebody would have paid twice.
 */
import type { StreamToolCall } from '@parley/contracts';

export interface ToolRun {
  readonly id: string;
  readonly token: string;
}

export class ToolRuns {
  readonly repeated: string[] = [];
  private readonly taken = new Set<string>();
  private readonly acceptedTokens = new Set<string>();

  /** @param answer sends the results of calls that belong together; rejects when they were not taken */
  constructor(private readonly answer: (calls: readonly ToolRun[]) => Promise<void>) {}

  run(calls: readonly StreamToolCall[]): void {
    const fresh = calls.filter(({ tool_call_id: id }) => !this.taken.has(id));
    if (fresh.length === 0) return;
    const runs = fresh.map((call) => ({ id: call.tool_call_id, token: tokenOf(call.args) }));
    for (const { id, token } of runs) {
      this.taken.add(id);
      if (this.acceptedTokens.has(token)) this.repeated.push(token);
    }
    // Whether it was taken shows in the turn: a refusal leaves the chat waiting, which is found as a hang.
    this.answer(runs).then(
      () => runs.forEach(({ token }) => this.acceptedTokens.add(token)),
      () => undefined,
    );
  }
}

function tokenOf(args: string): string {
  try {
    const value = JSON.parse(args) as { token?: unknown };
    return typeof value.token === 'string' ? value.token : args;
  } catch {
    return args;
  }
}
