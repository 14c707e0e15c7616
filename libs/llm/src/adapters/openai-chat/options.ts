import type { OpenAiOptions } from '@parley/contracts';
import type OpenAI from 'openai';
import { sharedOptions } from '../openai-options';

type Options = Partial<OpenAI.Chat.ChatCompletionCreateParamsStreaming>;

/** The configured options as fields of a request. Those of the Responses API are refused before (`refusedOptions`). */
export function chatOptions(options: OpenAiOptions = {}, hasTools: boolean): Options {
  const { text_verbosity: verbosity, logit_bias, max_completion_tokens, prediction } = options;
  return {
    ...sharedOptions(options, hasTools),
    ...(verbosity !== undefined && { verbosity }),
    ...(logit_bias !== undefined && { logit_bias }),
    ...(max_completion_tokens !== undefined && { max_completion_tokens }),
    ...(prediction !== undefined && { prediction }),
  };
}
