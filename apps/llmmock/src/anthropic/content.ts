import type { Answer, AnswerBlock, FinishReason } from '../answer';
import { isObject, type JsonObject } from '../json-fields';
import { redactedThinking, thinkingSignature } from '../signature';

/** A block of the answer with the ids and seals it has on the wire. */
export type ContentBlock =
  | { readonly type: 'text'; readonly text: string; readonly chunks: readonly string[] }
  | {
      readonly type: 'thinking';
      readonly thinking: string;
      readonly signature: string;
      readonly chunks: readonly string[];
    }
  | { readonly type: 'redacted_thinking'; readonly data: string; readonly chunks: readonly [] }
  | {
      readonly type: 'tool_use';
      readonly id: string;
      readonly name: string;
      readonly json: string;
      readonly chunks: readonly string[];
    };

export function stopReason(finish: FinishReason): string {
  switch (finish) {
    case 'stop':
      return 'end_turn';
    case 'length':
      return 'max_tokens';
    case 'tool_calls':
      return 'tool_use';
    case 'content_filter':
    case 'refusal':
      return 'refusal';
    case 'stop_sequence':
      return 'stop_sequence';
  }
}

function contentBlock(block: AnswerBlock, index: number, answer: Answer, isHidden: boolean): ContentBlock {
  const number = index.toString(16).padStart(2, '0');
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, chunks: block.chunks };
    case 'reasoning': {
      if (block.redacted)
        return {
          type: 'redacted_thinking',
          data: redactedThinking(answer.model, `${answer.id}${number}`),
          chunks: [],
        };
      const thinking = isHidden ? '' : block.text;
      return {
        type: 'thinking',
        thinking,
        signature: thinkingSignature(answer.model, thinking),
        chunks: isHidden ? [] : block.chunks,
      };
    }
    case 'tool_call':
      return {
        type: 'tool_use',
        id: block.id ?? `toolu_01${answer.id}${number}`,
        name: block.name,
        json: block.arguments,
        chunks: block.chunks,
      };
  }
}

/** An empty text is no block at all: the API sends none, and would refuse it back. */
export function contentBlocks(answer: Answer, isHidden: boolean): ContentBlock[] {
  return answer.blocks
    .filter((block) => block.type !== 'text' || block.text !== '')
    .map((block, index) => contentBlock(block, index, answer, isHidden));
}

function parseInput(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** @param isStarting as in `content_block_start`, before any delta */
export function blockJson(block: ContentBlock, isStarting: boolean): string {
  switch (block.type) {
    case 'text':
      return JSON.stringify({ type: 'text', text: isStarting ? '' : block.text, citations: null });
    case 'thinking':
      return JSON.stringify({
        type: 'thinking',
        thinking: isStarting ? '' : block.thinking,
        signature: isStarting ? '' : block.signature,
      });
    case 'redacted_thinking':
      return JSON.stringify({ type: 'redacted_thinking', data: block.data });
    case 'tool_use': {
      const input = isStarting ? {} : parseInput(block.json);
      return JSON.stringify({
        type: 'tool_use',
        id: block.id,
        name: block.name,
        input,
        caller: { type: 'direct' },
      });
    }
  }
}

export function stopFields(answer: Answer): object {
  const reason = stopReason(answer.finish);
  return {
    stop_reason: reason,
    stop_sequence: answer.stopSequence ?? null,
    stop_details: reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null,
    container: null,
  };
}

export function usageFields({ usage }: Answer, outputTokens: number): object {
  return {
    input_tokens: usage.inputTokens,
    cache_creation_input_tokens: usage.cacheWriteTokens,
    cache_read_input_tokens: usage.cachedTokens,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWriteTokens, ephemeral_1h_input_tokens: 0 },
    output_tokens: outputTokens,
    output_tokens_details: { thinking_tokens: usage.reasoningTokens },
    server_tool_use: null,
    service_tier: 'standard',
    inference_geo: null,
    speed: null,
  };
}

export function messageFields(answer: Answer): object {
  return { id: `msg_01${answer.id}`, type: 'message', role: 'assistant', model: answer.model };
}

/** The body of a reply that is not streamed. */
export function wholeMessage(answer: Answer, isHidden: boolean): string {
  const head = JSON.stringify({ ...messageFields(answer), ...stopFields(answer), diagnostics: null }).slice(
    0,
    -1,
  );
  const content = contentBlocks(answer, isHidden)
    .map((block) => blockJson(block, false))
    .join(',');
  return `${head},"content":[${content}],"usage":${JSON.stringify(usageFields(answer, answer.usage.outputTokens))}}`;
}
