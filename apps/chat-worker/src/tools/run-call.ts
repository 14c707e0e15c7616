/**
 * One tool call of the model, run to its result. Never throws: a failure is a result that the model reads.
 *
 * It ends when the tool ends, when its time is over, or when the signal aborts, whichever comes first: a tool that does not listen
 * to its signal holds up nobody. What such a tool still does is watched by `Stragglers`.
 */
import type { Clock, ToolResultPart } from '@parley/contracts';
import { cappedResult } from './cap-result';
import type { ToolCallContext } from './local-tool';
import { failedResult, messageOf, resultOf, type RunnableCall } from './plan-calls';
import type { Stragglers } from './stragglers';

export interface CallSurroundings {
  readonly clock: Clock;
  readonly stragglers: Pick<Stragglers, 'watch'>;
}

/** Null when the signal of the context stopped it. */
export async function runCall(
  planned: RunnableCall,
  context: ToolCallContext,
  { clock, stragglers }: CallSurroundings,
): Promise<ToolResultPart | null> {
  const { call, tool } = planned;
  if (context.signal.aborted) return null;
  const abort = new AbortController();
  const ended = new AbortController();
  const gaveUp = new Promise<null>((resolve) => {
    const onAbort = (): void => {
      abort.abort(context.signal.reason);
      resolve(null);
    };
    context.signal.addEventListener('abort', onAbort, { once: true, signal: ended.signal });
  });
  const timedOut = clock.sleep(tool.timeoutMs, { name: 'tool timeout', signal: ended.signal }).then(
    () => failedResult(call, tooLong(tool.timeoutMs)),
    () => null,
  );
  const running = settle(planned, { ...context, signal: abort.signal });
  let isRunning = true;
  const work = running.finally(() => (isRunning = false));
  const result = await Promise.race([work, gaveUp, timedOut]);
  ended.abort();
  if (isRunning) {
    abort.abort(new Error('The call was given up'));
    stragglers.watch(work, call.tool_name);
  }
  return result?.is_error === true && context.signal.aborted ? null : result;
}

/** Never rejects. */
async function settle({ call, run }: RunnableCall, context: ToolCallContext): Promise<ToolResultPart> {
  try {
    return resultOf(call, { result: cappedResult((await run(context)) ?? {}) });
  } catch (error) {
    return failedResult(call, messageOf(error));
  }
}

function tooLong(timeoutMs: number): string {
  return `It took longer than ${timeoutMs / 1_000} seconds and was given up. It may have taken effect: check before repeating it.`;
}
