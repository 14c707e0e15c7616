/**
 * A Chat Completions answer as server-sent events: unnamed `data:` lines; a first chunk with the role, the deltas, an
 * empty delta with the finish reason, the usage chunk when `stream_options.include_usage` asks for it, `[DONE]`.
 * Reasoning comes as `reasoning_content`, the field of the compatible servers that show it; OpenAI's own shows none.
 */
import type { Answer, EventStream } from '../answer';
import { EventStreamBuilder } from '../event-stream-builder';
import { isObject, type JsonObject } from '../json-fields';
import { callId, finishReason, usageJson } from './completion';

const DONE = 'data: [DONE]\n\n';

export function streamCompletion(answer: Answer, body: JsonObject): EventStream {
  const options = body['stream_options'];
  const hasUsage = isObject(options) && options['include_usage'] === true;
  const builder = new EventStreamBuilder();
  const created = Math.floor(answer.createdAtMs / 1000);
  const head =
    `data: {"id":"chatcmpl-${answer.id}","object":"chat.completion.chunk","created":${created},` +
    `"model":${JSON.stringify(answer.model)},"service_tier":"default","system_fingerprint":"fp_llmmock","choices":[`;
  const tail = hasUsage ? '],"usage":null}\n\n' : ']}\n\n';
  const chunk = (delta: string, finish = 'null'): string =>
    `${head}{"index":0,"delta":${delta},"logprobs":null,"finish_reason":${finish}}${tail}`;

  const startsWithCall = answer.blocks[0]?.type === 'tool_call';
  builder.structure(chunk(`{"role":"assistant","content":${startsWithCall ? 'null' : '""'},"refusal":null}`));
  builder.endOpening();
  let lastDelta = (text: string): string => chunk(`{"content":${text}}`);
  let calls = 0;
  for (const block of answer.blocks) {
    if (block.type === 'tool_call') {
      const index = calls;
      const start = {
        index,
        id: callId(block, answer, index),
        type: 'function',
        function: { name: block.name, arguments: '' },
      };
      builder.structure(chunk(`{"tool_calls":[${JSON.stringify(start)}]}`));
      lastDelta = (text) => chunk(`{"tool_calls":[{"index":${index},"function":{"arguments":${text}}}]}`);
      calls += 1;
    } else {
      const field =
        block.type === 'reasoning'
          ? 'reasoning_content'
          : answer.finish === 'refusal'
            ? 'refusal'
            : 'content';
      lastDelta = (text) => chunk(`{"${field}":${text}}`);
    }
    for (const piece of block.chunks) builder.chunk(lastDelta(JSON.stringify(piece)));
  }
  builder.structure(chunk('{}', `"${finishReason(answer.finish)}"`));
  if (hasUsage) builder.structure(`${head}],"usage":${usageJson(answer)}}\n\n`);
  builder.structure(DONE);
  return builder.finish({
    more: (text) => lastDelta(JSON.stringify(text)),
    error: ({ type, message }) =>
      `data: ${JSON.stringify({ error: { message, type: type ?? 'server_error', param: null, code: null } })}\n\n`,
  });
}
