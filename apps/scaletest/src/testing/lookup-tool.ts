/** The harness's tool as one that the worker runs itself, so that the platform has to keep a call from running twice. */
import type { LocalTool } from './platform';
import { LOOKUP_TOOL } from '../answer-shape';

/** @param runs gets the token of each run */
export function lookupTool(runs: string[]): LocalTool {
  const { name, description, input_schema: inputSchema } = LOOKUP_TOOL;
  return {
    definition: {
      name,
      description,
      inputSchema: { ...inputSchema, required: [...inputSchema.required] },
    },
    annotations: { isReadOnly: false, isIdempotent: false, isExclusive: false, stopsTurn: false },
    aliases: [],
    timeoutMs: 10_000,
    isOfferedTo: () => true,
    prepare: (args) => {
      const { token } = args as { token: string };
      return () => {
        runs.push(token);
        return Promise.resolve({ token });
      };
    },
  };
}

/** A worker that runs the second of all calls once more. */
export function runTwice(tool: LocalTool): LocalTool {
  let prepared = 0;
  return {
    ...tool,
    prepare: (args) => {
      const run = tool.prepare(args);
      prepared += 1;
      if (prepared !== 2) return run;
      return async (context) => {
        await run(context);
        return run(context);
      };
    },
  };
}
