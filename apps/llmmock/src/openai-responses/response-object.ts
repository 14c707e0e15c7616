import type { Answer } from '../answer';
import { isMissing, type JsonObject } from '../json-fields';

interface ResponseState {
  readonly status: 'in_progress' | 'completed' | 'incomplete' | 'failed';
  /** JSON text of the output items. */
  readonly output: string;
  readonly error?: { readonly code: string; readonly message: string };
}

function usageOf(answer: Answer): object {
  const { usage } = answer;
  return {
    input_tokens: usage.inputTokens,
    input_tokens_details: { cached_tokens: usage.cachedTokens, cache_write_tokens: usage.cacheWriteTokens },
    output_tokens: usage.outputTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.inputTokens + usage.outputTokens,
  };
}

function incompleteDetails(answer: Answer): object | null {
  if (answer.finish === 'length') return { reason: 'max_output_tokens' };
  return answer.finish === 'content_filter' ? { reason: 'content_filter' } : null;
}

/**
 * The `response` object that several events of one stream repeat. What does not change between them (the request's
 * tools and instructions can be long) is put into JSON once.
 */
export class ResponseObject {
  private readonly head: string;
  private readonly tail: string;

  constructor(
    private readonly answer: Answer,
    body: JsonObject,
  ) {
    const or = (name: string, fallback: unknown): unknown => (isMissing(body[name]) ? fallback : body[name]);
    const reasoning = body['reasoning'] as JsonObject | null | undefined;
    this.head = `{"id":"resp_${answer.id}","object":"response","created_at":${Math.floor(answer.createdAtMs / 1000)}`;
    this.tail = JSON.stringify({
      background: or('background', false),
      instructions: or('instructions', null),
      max_output_tokens: or('max_output_tokens', null),
      max_tool_calls: or('max_tool_calls', null),
      metadata: or('metadata', {}),
      model: answer.model,
      parallel_tool_calls: or('parallel_tool_calls', true),
      previous_response_id: null,
      prompt_cache_key: or('prompt_cache_key', null),
      reasoning: { effort: reasoning?.['effort'] ?? null, summary: reasoning?.['summary'] ?? null },
      safety_identifier: or('safety_identifier', null),
      service_tier: 'default',
      store: or('store', true),
      temperature: or('temperature', 1),
      text: { format: { type: 'text' }, verbosity: 'medium', ...(or('text', {}) as JsonObject) },
      tool_choice: or('tool_choice', 'auto'),
      tools: or('tools', []),
      top_logprobs: or('top_logprobs', 0),
      top_p: or('top_p', 1),
      truncation: or('truncation', 'disabled'),
      user: or('user', null),
    }).slice(1);
  }

  /** The object as JSON text. */
  json({ status, output, error }: ResponseState): string {
    const isDone = status === 'completed' || status === 'incomplete';
    const completedAt = status === 'completed' ? Math.floor(this.answer.createdAtMs / 1000) : 'null';
    const details = isDone ? JSON.stringify(incompleteDetails(this.answer)) : 'null';
    const usage = isDone ? JSON.stringify(usageOf(this.answer)) : 'null';
    return (
      `${this.head},"status":"${status}","completed_at":${completedAt},"error":${JSON.stringify(error ?? null)},` +
      `"incomplete_details":${details},"output":${output},"usage":${usage},${this.tail}`
    );
  }
}
