/** Tools for specs: any object is their input, and a second run of the same call does no harm unless it is said to. */
import { z } from 'zod';
import { defineTool, type LocalTool, type ToolAnnotations, type ToolCallContext } from '../tools/local-tool';
import type { Harness } from './harness';

export function testTool(
  name: string,
  run: (args: unknown, context: ToolCallContext) => Promise<unknown>,
  options: { annotations?: Partial<ToolAnnotations>; timeoutMs?: number } = {},
): LocalTool {
  const { annotations, ...rest } = options;
  return defineTool({
    name,
    description: name,
    input: z.looseObject({}),
    annotations: { isIdempotent: true, ...annotations },
    ...rest,
    run,
  });
}

/** Never ends by itself; stops when it is told to. */
export function untilStopped({ signal }: ToolCallContext): Promise<never> {
  return new Promise((_resolve, reject) =>
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
  );
}

/** Calls without arguments, as the mock is told to make them. */
export const callsOf = (...names: string[]) => names.map((name) => ({ name, arguments: {} }));

/** Name, result and whether it is an error, of each result in the history. */
export async function toolResults(harness: Harness, chatId: string): Promise<[string, unknown, boolean][]> {
  const parts = (await harness.messages(chatId)).flatMap((message) => message.content);
  return parts.flatMap((part) =>
    part.type === 'tool-result' ? [[part.tool_name, part.result, part.is_error ?? false]] : [],
  );
}
