/**
 * A prompt as a request of the Messages API.
 *
 * Thinking goes back exactly as signed, and to its signer alone (seals.ts); other reasoning is left out. Turns alternate:
 * neighbours of one role are joined. Cache breakpoints (the API takes four) stand after the stored system prompt, which covers the tools
 * before it, after the overlay of the turn, and on the last two messages of the user, so that each request finds the prefix the
 * one before it wrote, also when the overlay has changed. What the API is known to refuse is
 * refused here or replaced: requests over 32 MiB, images over 5 MiB.
 */
import type Anthropic from '@anthropic-ai/sdk';
import { ModelError } from '../../errors';
import { stringAt } from '../../json';
import type {
  ModelRequest,
  PromptAssistantPart,
  PromptFile,
  PromptMessage,
  PromptReasoning,
  PromptToolResult,
} from '../../model-client';
import { takesResponseFormat } from './model-families';
import { ownSeal, type SealMaker } from '../seals';
import { maxTokensOf, thinkingOf } from './thinking';
import { searchCall, searchResult, toTools, webSearchOf } from './tools';

type Body = Anthropic.MessageCreateParamsStreaming;
type Turn = { role: 'user' | 'assistant'; content: Anthropic.ContentBlockParam[] };

export const MAX_REQUEST_BYTES = 32 * 1024 * 1024;
const MAX_IMAGE_BYTES = 5 * 1024 * 1024;
const CACHED_USER_TURNS = 2;

/** @throws ModelError of kind `config` when the request is too large */
export function messagesRequest(asked: ModelRequest, asker: SealMaker): Body {
  const { modelName } = asker;
  const request = asked.settings.anthropic?.send_reasoning === false ? withoutReasoning(asked) : asked;
  const { settings, tools, responseFormat } = request;
  const turns = toTurns(request.messages, asker);
  const maxTokens = maxTokensOf(settings, modelName);
  const { thinking, output_config: outputConfig } = thinkingOf(request, {
    name: modelName,
    maxTokens,
    turns,
  });
  const system = toSystem(request.messages);
  const offered = toTools(tools, { search: webSearchOf(settings.anthropic), isCached: system.length === 0 });
  const format =
    responseFormat !== undefined && takesResponseFormat(modelName)
      ? { type: 'json_schema' as const, schema: { ...responseFormat.schema } }
      : undefined;
  const body: Body = {
    model: modelName,
    max_tokens: maxTokens,
    stream: true,
    messages: withCacheBreakpoints(turns),
    ...(system.length > 0 && { system }),
    ...(offered.length > 0 && { tools: offered }),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.topP !== undefined && { top_p: settings.topP }),
    ...(settings.topK !== undefined && { top_k: settings.topK }),
    ...(settings.anthropic?.disable_parallel_tool_use === true &&
      offered.length > 0 && { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }),
    ...(thinking !== undefined && { thinking }),
    ...((outputConfig ?? format) !== undefined && {
      output_config: { ...outputConfig, ...(format && { format }) },
    }),
  };
  refuseOversize(body);
  return body;
}

function withoutReasoning(request: ModelRequest): ModelRequest {
  const messages = request.messages.flatMap((message): PromptMessage[] => {
    if (message.role !== 'assistant') return [message];
    const parts = message.parts.filter(({ type }) => type !== 'reasoning');
    return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
  });
  return { ...request, messages };
}

const CACHE = { cache_control: { type: 'ephemeral' } } as const;

function toSystem(messages: readonly PromptMessage[]): Anthropic.TextBlockParam[] {
  const prompts = messages.filter((message) => message.role === 'system');
  const endOfStored = prompts.findLastIndex(({ isOverlay }) => isOverlay === undefined);
  return prompts.map(({ text }, index) => ({
    type: 'text',
    text,
    ...((index === prompts.length - 1 || index === endOfStored) && CACHE),
  }));
}

function toTurns(messages: readonly PromptMessage[], asker: SealMaker): Turn[] {
  const turns: Turn[] = [];
  for (const message of messages) {
    const content = toBlocks(message, asker);
    if (content.length === 0) continue;
    const role = message.role === 'assistant' ? 'assistant' : 'user';
    const last = turns.at(-1);
    if (last?.role === role) last.content.push(...content);
    else turns.push({ role, content });
  }
  return turns;
}

function toBlocks(message: PromptMessage, asker: SealMaker): Anthropic.ContentBlockParam[] {
  switch (message.role) {
    case 'system':
      return [];
    case 'user':
      return message.parts.map((part) => (part.type === 'text' ? toText(part.text) : toFile(part)));
    case 'assistant':
      return withoutFinalThinking(message.parts.flatMap((part) => toAssistantBlocks(part, asker)));
    case 'tool':
      return message.results.map(toResult);
  }
}

function toText(text: string): Anthropic.TextBlockParam {
  return { type: 'text', text };
}

function toAssistantBlocks(part: PromptAssistantPart, asker: SealMaker): Anthropic.ContentBlockParam[] {
  switch (part.type) {
    case 'text':
      return [toText(part.text)];
    case 'tool-call':
      return [{ type: 'tool_use', id: part.toolCallId, name: part.toolName, input: part.args }];
    case 'reasoning':
      return toThinking(part, asker);
    case 'provider-call':
      return searchCall(part, asker);
    case 'provider-result':
      return searchResult(part, asker);
  }
}

/** The API refuses a message that ends with thinking, as one that was interrupted does. */
function withoutFinalThinking(blocks: Anthropic.ContentBlockParam[]): Anthropic.ContentBlockParam[] {
  const end = blocks.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking');
  return blocks.slice(0, end + 1);
}

function toThinking(
  { text, providerMetadata }: PromptReasoning,
  asker: SealMaker,
): Anthropic.ContentBlockParam[] {
  const own = ownSeal('anthropic', asker, providerMetadata);
  const redacted = stringAt(own, 'redacted_data');
  if (redacted !== undefined) return [{ type: 'redacted_thinking', data: redacted }];
  const signature = stringAt(own, 'signature');
  return signature === undefined ? [] : [{ type: 'thinking', thinking: text, signature }];
}

function toFile(
  file: PromptFile,
): Anthropic.TextBlockParam | Anthropic.ImageBlockParam | Anthropic.DocumentBlockParam {
  const { mediaType, data } = file;
  if (mediaType === 'application/pdf') {
    return { type: 'document', source: { type: 'base64', media_type: mediaType, data } };
  }
  const bytes = Math.floor((data.length * 3) / 4);
  if (bytes > MAX_IMAGE_BYTES)
    return toText(`[An image of ${bytes} bytes was left out: it is too large for this model.]`);
  return {
    type: 'image',
    source: { type: 'base64', media_type: mediaType as Anthropic.Base64ImageSource['media_type'], data },
  };
}

function toResult(result: PromptToolResult): Anthropic.ToolResultBlockParam {
  const { toolCallId, text, media, isError } = result;
  const content = media === undefined ? text : [...(text === '' ? [] : [toText(text)]), toFile(media)];
  return { type: 'tool_result', tool_use_id: toolCallId, content, ...(isError && { is_error: true }) };
}

function withCacheBreakpoints(turns: Turn[]): Turn[] {
  let left = CACHED_USER_TURNS;
  for (let index = turns.length - 1; index >= 0 && left > 0; index -= 1) {
    const turn = turns[index];
    if (turn?.role !== 'user') continue;
    const block = turn.content.at(-1);
    if (block !== undefined) turn.content[turn.content.length - 1] = { ...block, ...CACHE };
    left -= 1;
  }
  return turns;
}

/** Counts every text in it, whatever it belongs to, instead of encoding the request once more; names and punctuation are little beside them. */
function refuseOversize(body: Body): void {
  const bytes = textBytes(body);
  if (bytes <= MAX_REQUEST_BYTES) return;
  throw new ModelError({
    kind: 'config',
    retryable: false,
    provider: 'anthropic',
    detail: `The conversation with its files has ${bytes} bytes; the provider takes at most ${MAX_REQUEST_BYTES}.`,
  });
}

function textBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return 0;
  let bytes = 0;
  for (const inner of Object.values(value)) bytes += textBytes(inner);
  return bytes;
}
