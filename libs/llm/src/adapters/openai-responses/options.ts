import type { OpenAiOptions } from '@parley/contracts';
import type OpenAI from 'openai';
import { sharedOptions } from '../openai-options';

type Body = OpenAI.Responses.ResponseCreateParamsStreaming;
type Options = Pick<Body, 'include'> & Partial<Body>;

/** What every replay needs is always included. */
const ENCRYPTED_REASONING = 'reasoning.encrypted_content';

/** The configured options as fields of a request, but for those inside others. Those of Chat Completions are refused before. */
export function responsesOptions(options: OpenAiOptions = {}, hasTools: boolean): Options {
  const { include = [], instructions, max_tool_calls } = options;
  return {
    ...sharedOptions(options, hasTools),
    include: [...new Set([ENCRYPTED_REASONING, ...include] as const)],
    ...(instructions !== undefined && { instructions }),
    ...(max_tool_calls !== undefined && { max_tool_calls }),
  };
}
