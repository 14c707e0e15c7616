import type { Control } from './control';
import { controlForRequest, isStructured, isSummary } from './plan-answer';
import type { ModelRequest } from './model-request';

export interface ControlSources {
  /** Knobs of the process. */
  readonly defaults: Control;
  /** The block of the latest user message; of the latest one that has a block, when the request is for a summary. */
  readonly prompt: Control | undefined;
  /** The header of this request; it wins over the prompt. */
  readonly header: Control | undefined;
}

/** The knobs that count for one request. The process's reply text is not for requests that want JSON. */
export function effectiveControl(
  request: ModelRequest,
  { defaults, prompt, header }: ControlSources,
): Control {
  if (isSummary(request)) {
    const { reply: _reply, reply_characters: _characters, tool_calls: _calls, ...knobs } = defaults;
    return { ...knobs, ...defaults.summary, ...prompt?.summary, ...header };
  }
  if (!isStructured(request)) return { ...defaults, ...prompt, ...header };
  const { reply: _reply, reply_characters: _characters, tool_calls: _calls, ...knobs } = defaults;
  return { ...knobs, ...(prompt === undefined ? {} : controlForRequest(request, prompt)), ...header };
}
