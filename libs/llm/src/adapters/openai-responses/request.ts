/**
 * A prompt as input items of the Responses API.
 *
 * Every request replays the whole history (`chat-api` section 8.3); assistant-items.ts says what goes back of what the model said.
 */
import type OpenAI from 'openai';
import type {
  ModelRequest,
  PromptFile,
  PromptMessage,
  PromptToolResult,
  PromptUserPart,
} from '../../model-client';
import { schemaForPrompt } from '../../prompt/tool-schema';
import type { ModelConnection } from '../model-connection';
import { AssistantItems } from './assistant-items';
import { responsesOptions } from './options';

type Item = OpenAI.Responses.ResponseInputItem;
type Body = OpenAI.Responses.ResponseCreateParamsStreaming;

/** The API refuses fewer. */
const MIN_OUTPUT_TOKENS = 16;

export function responsesRequest(request: ModelRequest, connection: ModelConnection): Body {
  const { settings, tools, metadata } = request;
  const isOpenAi = connection.type === 'openai' || connection.type === 'azure';
  const offered = [...tools.map(toTool), ...webSearchOf(settings.openai)];
  const said = new AssistantItems(connection.providerId);
  return {
    model: connection.modelName,
    input: request.messages.flatMap((message) => toItems(message, said)),
    stream: true,
    store: true,
    ...(offered.length > 0 && { tools: offered }),
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
    ...responsesOptions(settings.openai, offered.length > 0),
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
    parameters: schemaForPrompt(tool.inputSchema),
    strict: false,
  };
}

/** The provider runs it itself. */
function webSearchOf(options: ModelRequest['settings']['openai'] = {}): OpenAI.Responses.WebSearchTool[] {
  const { web_search_enabled, search_context_size, allowed_domains } = options;
  if (web_search_enabled !== true) return [];
  return [
    {
      type: 'web_search',
      ...(search_context_size !== undefined && { search_context_size }),
      ...(allowed_domains !== undefined && { filters: { allowed_domains } }),
    },
  ];
}

function toItems(message: PromptMessage, said: AssistantItems): Item[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.text }];
    case 'user':
      return [{ role: 'user', content: message.parts.map(toContent) }];
    case 'assistant':
      return said.of(message.parts);
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
