/**
 * A prompt as input items of the Responses API.
 *
 * Every request replays the whole history (`chat-api` section 8.3). A reasoning item goes back, with its encrypted content and
 * id, only to the provider that made it and only together with the item that followed it; messages and calls carry their ids exactly
 * when the reasoning before them does. Everything else is sent without ids, as if written by hand: the API then asks for nothing.
 */
import type OpenAI from 'openai';
import { isJsonObject, stringAt } from '../../json';
import type {
  ModelRequest,
  PromptAssistantPart,
  PromptFile,
  PromptMessage,
  PromptReasoning,
  PromptToolResult,
  PromptUserPart,
  ProviderMetadata,
} from '../../model-client';
import type { ModelConnection } from '../model-connection';
import { responsesOptions } from './options';

type Item = OpenAI.Responses.ResponseInputItem;
type Body = OpenAI.Responses.ResponseCreateParamsStreaming;

/** The API refuses fewer. */
const MIN_OUTPUT_TOKENS = 16;

export function responsesRequest(request: ModelRequest, connection: ModelConnection): Body {
  const { settings, tools, metadata } = request;
  const isOpenAi = connection.type === 'openai' || connection.type === 'azure';
  return {
    model: connection.modelName,
    input: request.messages.flatMap((message) => toItems(message, connection.providerId)),
    stream: true,
    store: true,
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(settings.maxOutputTokens !== undefined && {
      max_output_tokens: Math.max(settings.maxOutputTokens, MIN_OUTPUT_TOKENS),
    }),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.topP !== undefined && { top_p: settings.topP }),
    ...(settings.reasoningEffort !== undefined && { reasoning: toReasoning(settings) }),
    ...textOf(request),
    // Padding against side channels on the wire to the provider; over TLS between servers it only costs bytes and time.
    ...(isOpenAi && { stream_options: { include_obfuscation: false } }),
    ...(isOpenAi && metadata !== undefined && { prompt_cache_key: metadata.chatId }),
    ...responsesOptions(settings.openai, tools.length > 0),
  };
}

function textOf({ settings, responseFormat }: ModelRequest): Pick<Body, 'text'> {
  const { text_verbosity: verbosity, strict_json_schema: strict = true } = settings.openai ?? {};
  if (responseFormat === undefined && verbosity === undefined) return {};
  return {
    text: {
      ...(verbosity !== undefined && { verbosity }),
      ...(responseFormat !== undefined && {
        format: {
          type: 'json_schema',
          strict,
          name: responseFormat.name,
          schema: { ...responseFormat.schema },
        },
      }),
    },
  };
}

function toReasoning({ reasoningEffort: effort, openai }: ModelRequest['settings']): OpenAI.Reasoning {
  if (effort === undefined || effort === 'none') return { effort: 'none' };
  return { effort, summary: openai?.reasoning_summary ?? 'auto' };
}

function toTool(tool: ModelRequest['tools'][number]): OpenAI.Responses.Tool {
  return {
    type: 'function',
    name: tool.name,
    description: tool.description,
    parameters: { ...tool.inputSchema },
    strict: false,
  };
}

function toItems(message: PromptMessage, providerId: string): Item[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.text }];
    case 'user':
      return [{ role: 'user', content: message.parts.map(toContent) }];
    case 'assistant':
      return assistantItems(message.parts, providerId);
    case 'tool':
      return message.results.map(toOutput);
  }
}

function toContent(part: PromptUserPart): OpenAI.Responses.ResponseInputContent {
  return part.type === 'text' ? { type: 'input_text', text: part.text } : toFileContent(part);
}

function toFileContent(
  file: PromptFile,
): OpenAI.Responses.ResponseInputImage | OpenAI.Responses.ResponseInputFile {
  const url = `data:${file.mediaType};base64,${file.data}`;
  return file.mediaType.startsWith('image/')
    ? { type: 'input_image', detail: 'auto', image_url: url }
    : { type: 'input_file', filename: file.name ?? 'file.pdf', file_data: url };
}

function toOutput(result: PromptToolResult): Item {
  const output =
    result.media === undefined
      ? result.text
      : [
          ...(result.text === '' ? [] : [{ type: 'input_text' as const, text: result.text }]),
          toFileContent(result.media),
        ];
  return { type: 'function_call_output', call_id: result.toolCallId, output };
}

function assistantItems(parts: readonly PromptAssistantPart[], providerId: string): Item[] {
  const items: Item[] = [];
  let waiting: Item[] = [];
  let isReplayed = false;
  for (const part of parts) {
    if (part.type === 'reasoning') {
      const item = reasoningItem(part, providerId);
      // Reasoning that cannot be replayed stood between the earlier one and its follower: neither goes.
      waiting = item === undefined ? [] : [...waiting, item];
      continue;
    }
    if (waiting.length > 0) {
      items.push(...waiting);
      waiting = [];
      isReplayed = true;
    }
    const own = isReplayed ? ownMetadata(part.providerMetadata, providerId) : undefined;
    if (part.type === 'text') pushText(items, part.text, own);
    else items.push(callItem(part, own));
  }
  return items;
}

function callItem(
  part: Extract<PromptAssistantPart, { type: 'tool-call' }>,
  own: ProviderMetadata | undefined,
): Item {
  const id = stringAt(own, 'item_id');
  return {
    type: 'function_call',
    call_id: part.toolCallId,
    name: part.toolName,
    arguments: JSON.stringify(part.args),
    ...(id !== undefined && { id }),
  };
}

/** Text parts of one message item become its contents again: an id may come only once. */
function pushText(items: Item[], text: string, own: ProviderMetadata | undefined): void {
  const id = stringAt(own, 'item_id');
  const phase = phaseOf(own);
  if (id === undefined) {
    items.push({ role: 'assistant', content: text, ...(phase !== undefined && { phase }) });
    return;
  }
  const content = { type: 'output_text' as const, text, annotations: [] };
  const last = items.at(-1);
  if (last?.type === 'message' && 'id' in last && last.id === id && Array.isArray(last.content)) {
    (last.content as (typeof content)[]).push(content);
    return;
  }
  items.push({
    type: 'message',
    role: 'assistant',
    id,
    status: 'completed',
    content: [content],
    ...(phase !== undefined && { phase }),
  });
}

function phaseOf(own: ProviderMetadata | undefined): 'commentary' | 'final_answer' | undefined {
  const phase = stringAt(own, 'phase');
  return phase === 'commentary' || phase === 'final_answer' ? phase : undefined;
}

function reasoningItem(part: PromptReasoning, providerId: string): Item | undefined {
  const own = ownMetadata(part.providerMetadata, providerId);
  const id = stringAt(own, 'item_id');
  const encrypted = stringAt(own, 'encrypted_content');
  if (id === undefined || encrypted === undefined) return undefined;
  return {
    type: 'reasoning',
    id,
    summary: part.text === '' ? [] : [{ type: 'summary_text', text: part.text }],
    encrypted_content: encrypted,
  };
}

/** What this very provider gave us; keys of another account can open nothing of it. */
function ownMetadata(
  metadata: ProviderMetadata | undefined,
  providerId: string,
): ProviderMetadata | undefined {
  const own = metadata?.['openai'];
  return isJsonObject(own) && own['provider_id'] === providerId ? own : undefined;
}
