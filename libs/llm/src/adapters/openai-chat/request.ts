/**
 * A prompt as messages of the Chat Completions API, for OpenAI and for the many servers that speak its protocol. Fields that only
 * OpenAI itself knows go only there. Reasoning goes back to servers that told it, since some refuse a call without; OpenAI's never do.
 */
import type OpenAI from 'openai';
import type {
  ModelRequest,
  PromptAssistantPart,
  PromptFile,
  PromptMessage,
  PromptToolCall,
  PromptToolResult,
  PromptUserPart,
} from '../../model-client';
import { schemaForPrompt } from '../../prompt/tool-schema';
import type { ModelConnection } from '../model-connection';
import { ownSeal, type SealMaker } from '../seals';
import { chatOptions } from './options';
import { reasoningFields } from './reasoning';

type Body = OpenAI.Chat.ChatCompletionCreateParamsStreaming;
type Message = OpenAI.Chat.ChatCompletionMessageParam;
type Content = OpenAI.Chat.ChatCompletionContentPart;

export function chatRequest(request: ModelRequest, connection: ModelConnection): Body {
  const { settings, tools, responseFormat, metadata } = request;
  const isOpenAi = connection.type === 'openai' || connection.type === 'azure';
  return {
    model: connection.modelName,
    messages: request.messages.flatMap((message) => toMessages(message, connection)),
    stream: true,
    stream_options: { include_usage: true, ...(isOpenAi && { include_obfuscation: false }) },
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(settings.maxOutputTokens !== undefined &&
      (isOpenAi
        ? { max_completion_tokens: settings.maxOutputTokens }
        : { max_tokens: settings.maxOutputTokens })),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.topP !== undefined && { top_p: settings.topP }),
    ...(settings.presencePenalty !== undefined && { presence_penalty: settings.presencePenalty }),
    ...(settings.frequencyPenalty !== undefined && { frequency_penalty: settings.frequencyPenalty }),
    ...(settings.reasoningEffort !== undefined && { reasoning_effort: settings.reasoningEffort }),
    ...(responseFormat !== undefined &&
      (settings.openai?.structured_outputs ?? connection.type !== 'openai-compat') && {
        response_format: {
          type: 'json_schema' as const,
          json_schema: { name: responseFormat.name, strict: true, schema: { ...responseFormat.schema } },
        },
      }),
    ...(isOpenAi && metadata !== undefined && { prompt_cache_key: metadata.chatId }),
    ...chatOptions(settings.openai, tools.length > 0),
  };
}

function toTool(tool: ModelRequest['tools'][number]): OpenAI.Chat.ChatCompletionTool {
  return {
    type: 'function',
    function: {
      name: tool.name,
      description: tool.description,
      parameters: schemaForPrompt(tool.inputSchema),
    },
  };
}

function toMessages(message: PromptMessage, asker: SealMaker): Message[] {
  switch (message.role) {
    case 'system':
      return [{ role: 'system', content: message.text }];
    case 'user':
      return [{ role: 'user', content: toUserContent(message.parts) }];
    case 'assistant':
      return assistantMessage(message.parts, asker);
    case 'tool':
      return toolMessages(message.results);
  }
}

function toUserContent(parts: readonly PromptUserPart[]): string | Content[] {
  const [only] = parts;
  if (parts.length === 1 && only?.type === 'text') return only.text;
  return parts.map((part) =>
    part.type === 'text' ? { type: 'text', text: part.text } : toFileContent(part),
  );
}

function toFileContent(file: PromptFile): Content {
  const url = `data:${file.mediaType};base64,${file.data}`;
  return file.mediaType.startsWith('image/')
    ? { type: 'image_url', image_url: { url } }
    : { type: 'file', file: { filename: file.name ?? 'file.pdf', file_data: url } };
}

function assistantMessage(parts: readonly PromptAssistantPart[], asker: SealMaker): Message[] {
  const text = parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n\n');
  const calls = parts.flatMap((part) =>
    part.type === 'tool-call'
      ? [
          {
            id: part.toolCallId,
            type: 'function' as const,
            function: { name: part.toolName, arguments: JSON.stringify(part.args) },
            ...extraOf(part, asker),
          },
        ]
      : [],
  );
  if (text === '' && calls.length === 0) return [];
  return [
    {
      role: 'assistant',
      content: text === '' ? null : text,
      ...(calls.length > 0 && { tool_calls: calls }),
      ...reasoningFields(parts, asker),
    },
  ];
}

/** What the server that made a call has said of it beyond the protocol. */
function extraOf({ providerMetadata }: PromptToolCall, asker: SealMaker): object {
  const extra = ownSeal('chat', asker, providerMetadata)?.['extra_content'];
  return extra === undefined ? {} : { extra_content: extra };
}

/** Tool messages carry text only, so media of the results follow together as a message of the user's. */
function toolMessages(results: readonly PromptToolResult[]): Message[] {
  const media = results.flatMap((result) =>
    result.media === undefined ? [] : [{ result, file: result.media }],
  );
  const messages: Message[] = results.map((result) => ({
    role: 'tool',
    tool_call_id: result.toolCallId,
    content: result.text === '' ? 'The result is a file; it follows.' : result.text,
  }));
  if (media.length === 0) return messages;
  const content = media.flatMap(({ result, file }): Content[] => [
    { type: 'text', text: `Result of ${result.toolName} (${result.toolCallId}):` },
    toFileContent(file),
  ]);
  return [...messages, { role: 'user', content }];
}
