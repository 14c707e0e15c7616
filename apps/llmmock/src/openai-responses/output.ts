import type { Answer, AnswerBlock, ReasoningBlock, ToolCallBlock } from '../answer';
import { chunksOfCount } from '../chunks';
import type { JsonObject } from '../json-fields';
import type { ModelRequest } from '../model-request';
import { encryptReasoning } from '../signature';
import { formatItemId } from './item-id';

export interface SummaryPart {
  readonly text: string;
  readonly chunks: readonly string[];
}

export type OutputItem =
  | {
      readonly type: 'reasoning';
      readonly id: string;
      readonly parts: readonly SummaryPart[];
      readonly encrypted: string | undefined;
    }
  | {
      readonly type: 'message';
      readonly id: string;
      readonly text: string;
      readonly chunks: readonly string[];
      readonly isRefusal: boolean;
      readonly isIncomplete: boolean;
    }
  | {
      readonly type: 'function_call';
      readonly id: string;
      readonly callId: string;
      readonly name: string;
      readonly text: string;
      readonly chunks: readonly string[];
    };

/** A summary comes in parts, one a paragraph; the chunks are shared out by length. */
function summaryParts(block: ReasoningBlock): SummaryPart[] {
  const texts = block.text.split('\n\n').filter((text) => text !== '');
  return texts.map((text) => ({
    text,
    chunks: chunksOfCount(
      text,
      Math.max(1, Math.round((block.chunks.length * text.length) / block.text.length)),
    ),
  }));
}

function callId(block: ToolCallBlock, answer: Answer, index: number): string {
  return block.id ?? `call_${answer.id}${index.toString(16).padStart(2, '0')}`;
}

/** The answer as output items, with the ids they have on the wire. */
export function outputItems(answer: Answer, request: ModelRequest, body: JsonObject): OutputItem[] {
  const origin = {
    answerId: answer.id,
    hasReasoning: answer.blocks.some((block) => block.type === 'reasoning'),
  };
  const included: unknown = body['include'];
  const isEncryptedIncluded = Array.isArray(included) && included.includes('reasoning.encrypted_content');
  return answer.blocks.map((block: AnswerBlock, index): OutputItem => {
    switch (block.type) {
      case 'reasoning': {
        const id = formatItemId('rs', origin, index);
        const parts = block.redacted || request.reasoning !== 'visible' ? [] : summaryParts(block);
        return {
          type: 'reasoning',
          id,
          parts,
          encrypted: isEncryptedIncluded ? encryptReasoning(id) : undefined,
        };
      }
      case 'text':
        return {
          type: 'message',
          id: formatItemId('msg', origin, index),
          text: block.text,
          chunks: block.chunks,
          isRefusal: answer.finish === 'refusal',
          isIncomplete: answer.finish === 'length' || answer.finish === 'content_filter',
        };
      case 'tool_call':
        return {
          type: 'function_call',
          id: formatItemId('fc', origin, index),
          callId: callId(block, answer, index),
          name: block.name,
          text: block.arguments,
          chunks: block.chunks,
        };
    }
  });
}

/** The content part of a message, as JSON text. */
export function partJson(text: string, isRefusal: boolean): string {
  return isRefusal
    ? `{"type":"refusal","refusal":${JSON.stringify(text)}}`
    : `{"type":"output_text","annotations":[],"logprobs":[],"text":${JSON.stringify(text)}}`;
}

/** A finished item, as JSON text. */
export function itemJson(item: OutputItem): string {
  switch (item.type) {
    case 'reasoning': {
      const summary = item.parts.map((part) => ({ type: 'summary_text', text: part.text }));
      return JSON.stringify({
        id: item.id,
        type: 'reasoning',
        ...(item.encrypted === undefined ? {} : { encrypted_content: item.encrypted }),
        summary,
      });
    }
    case 'message': {
      const status = item.isIncomplete ? 'incomplete' : 'completed';
      return `{"id":"${item.id}","type":"message","status":"${status}","content":[${partJson(item.text, item.isRefusal)}],"role":"assistant"}`;
    }
    case 'function_call':
      return JSON.stringify({
        id: item.id,
        type: 'function_call',
        status: 'completed',
        arguments: item.text,
        call_id: item.callId,
        name: item.name,
      });
  }
}

/** The output array of a whole response, as JSON text. */
export function outputJson(items: readonly OutputItem[]): string {
  return `[${items.map(itemJson).join(',')}]`;
}
