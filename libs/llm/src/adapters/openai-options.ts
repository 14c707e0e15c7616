import type { OpenAiOptions } from '@parley/contracts';

type SharedOptions = Pick<
  OpenAiOptions,
  | 'parallel_tool_calls'
  | 'user'
  | 'metadata'
  | 'prompt_cache_key'
  | 'safety_identifier'
  | 'service_tier'
  | 'store'
>;
type Given<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Options that both of OpenAI's APIs take under one name. `parallel_tool_calls` is refused by them without tools. */
export function sharedOptions(options: OpenAiOptions, hasTools: boolean): Given<SharedOptions> {
  const { parallel_tool_calls, user, metadata, prompt_cache_key, safety_identifier, service_tier, store } =
    options;
  return {
    ...(parallel_tool_calls !== undefined && hasTools && { parallel_tool_calls }),
    ...(user !== undefined && { user }),
    ...(metadata !== undefined && { metadata }),
    ...(prompt_cache_key !== undefined && { prompt_cache_key }),
    ...(safety_identifier !== undefined && { safety_identifier }),
    ...(service_tier !== undefined && { service_tier }),
    ...(store !== undefined && { store }),
  };
}
