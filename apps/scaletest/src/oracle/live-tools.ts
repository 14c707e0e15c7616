/**
 * The tool calls and results that were streamed in one episode, against the message that is then committed. A call is compared once its
 * arguments have come to their end: a commit may overtake the rest of them, and one that was stopped in the middle is not kept.
 */
import type { MessagePart } from '@parley/contracts';
import { digestOfCall, digestOfResult } from './digest';
import type { Finding } from './finding';
import type { SeenMessage } from './observation';

type Difference = [kind: Finding['kind'], detail: string];

export class LiveTools {
  private readonly calls = new Map<string, { readonly name: string; args: string }>();
  private readonly results = new Map<string, number>();

  add(part: MessagePart): void {
    if (part.type === 'tool-call') {
      const call = this.calls.get(part.tool_call_id) ?? { name: part.tool_name, args: '' };
      call.args += part.args_delta ?? '';
      this.calls.set(part.tool_call_id, call);
    } else if (part.type === 'tool-result') {
      const { tool_call_id: id, tool_name: name, result, is_error: isError } = part;
      this.results.set(id, digestOfResult(name, result, isError));
    }
  }

  differencesFrom(seen: SeenMessage): Difference[] {
    switch (seen.role) {
      case 'assistant':
        return this.differingCalls(seen);
      case 'tool':
        return this.differingResults(seen);
      case 'system':
      case 'user':
        return [];
    }
  }

  private differingCalls({ id: messageId, callIds, callDigests }: SeenMessage): Difference[] {
    return [...this.calls].flatMap(([id, { name, args }]): Difference[] => {
      const streamed = parsed(args);
      if (streamed === undefined || callDigests[callIds.indexOf(id)] === digestOfCall(name, streamed))
        return [];
      return [['tool_call_differs', `message ${messageId} does not hold call ${id} as it was streamed`]];
    });
  }

  private differingResults({ id: messageId, resultIds, resultDigests }: SeenMessage): Difference[] {
    return [...this.results].flatMap(([id, streamed]): Difference[] => {
      if (resultDigests[resultIds.indexOf(id)] === streamed) return [];
      const detail = `message ${messageId} does not hold the result of call ${id} as it was streamed`;
      return [['tool_result_differs', detail]];
    });
  }
}

/** Undefined of arguments that are not at their end. */
function parsed(args: string): unknown {
  try {
    return JSON.parse(args) as unknown;
  } catch {
    return undefined;
  }
}
