import type { Answer, FinishReason, ToolCallBlock } from '../answer';

export function finishReason(finish: FinishReason): string {
  switch (finish) {
    case 'stop':
    case 'refusal':
    case 'stop_sequence':
      return 'stop';
    case 'length':
    case 'tool_calls':
    case 'content_filter':
      return finish;
  }
}

export function usageJson({ usage }: Answer): string {
  return JSON.stringify({
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  });
}

/** @param index the call's place among the calls of its message */
export function callId(call: ToolCallBlock, answer: Answer, index: number): string {
  return call.id ?? `call_${answer.id}${index.toString(16).padStart(2, '0')}`;
}

function textOf(answer: Answer, type: 'text' | 'reasoning'): string | undefined {
  const texts = answer.blocks.flatMap((block) => (block.type === type ? [block.text] : []));
  return texts.length === 0 ? undefined : texts.join('');
}

/** The body of a reply that is not streamed. */
export function wholeCompletion(answer: Answer): string {
  const calls = answer.blocks.filter((block) => block.type === 'tool_call');
  const text = textOf(answer, 'text') ?? null;
  const reasoning = textOf(answer, 'reasoning');
  const message = {
    role: 'assistant',
    content: answer.finish === 'refusal' ? null : text,
    refusal: answer.finish === 'refusal' ? text : null,
    annotations: [],
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0
      ? {}
      : {
          tool_calls: calls.map((call, index) => ({
            id: callId(call, answer, index),
            type: 'function',
            function: { name: call.name, arguments: call.arguments },
          })),
        }),
  };
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReason(answer.finish) };
  const head = JSON.stringify({
    id: `chatcmpl-${answer.id}`,
    object: 'chat.completion',
    created: Math.floor(answer.createdAtMs / 1000),
    model: answer.model,
    choices: [choice],
    service_tier: 'default',
    system_fingerprint: 'fp_llmmock',
  });
  return `${head.slice(0, -1)},"usage":${usageJson(answer)}}`;
}
