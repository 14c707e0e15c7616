/**
 * One part of a message: the wire format and, with the fields marked internal, the stored format of
 * `chat_messages.content`. Changing a field is therefore a data migration; `content_version` tells the parsers apart.
 *
 * Live parts of an answer in the making use the same shapes: a `text` or `reasoning` part then carries only what is new,
 * a `tool-call` carries `args_delta`, a `tool-result` carries `result_delta` or `result_reset`.
 */
import { z } from 'zod';
import { text, timestamp, uuid } from './strings';

/** Opaque data that a provider wants back (signatures, encrypted reasoning, item ids). Internal: never sent to clients. */
const providerMetadata = z.record(z.string(), z.unknown()).optional();

export const textPart = z.object({
  type: z.literal('text'),
  text: text(),
  provider_metadata: providerMetadata,
});

export const reasoningPart = z.object({
  type: z.literal('reasoning'),
  text: text(),
  created_at: timestamp().optional(),
  completed_at: timestamp().optional(),
  provider_metadata: providerMetadata,
});

export const toolCallPart = z.object({
  type: z.literal('tool-call'),
  tool_call_id: z.string().min(1),
  tool_name: z.string(),
  mcp_server_config_id: uuid().optional(),
  args: z.unknown().optional(),
  args_delta: z.string().optional(),
  parsed_commands: z.array(z.array(z.string())).optional(),
  provider_executed: z.boolean().optional(),
  hook_rewritten: z.boolean().optional(),
  created_at: timestamp().optional(),
  provider_metadata: providerMetadata,
});

export const toolResultPart = z.object({
  type: z.literal('tool-result'),
  tool_call_id: z.string().min(1),
  tool_name: z.string(),
  mcp_server_config_id: uuid().optional(),
  result: z.unknown().optional(),
  result_delta: z.string().optional(),
  result_reset: z.boolean().optional(),
  is_error: z.boolean().optional(),
  is_media: z.boolean().optional(),
  provider_executed: z.boolean().optional(),
  created_at: timestamp().optional(),
  provider_metadata: providerMetadata,
});

export const sourcePart = z.object({
  type: z.literal('source'),
  source_id: z.string().optional(),
  url: z.string(),
  title: z.string().optional(),
  provider_metadata: providerMetadata,
});

export const filePart = z.object({
  type: z.literal('file'),
  media_type: z.string(),
  name: z.string().optional(),
  /** Base64. Internal when `file_id` is present. */
  data: z.string().optional(),
  file_id: uuid().optional(),
});

export const fileReferencePart = z.object({
  type: z.literal('file-reference'),
  file_name: text(),
  start_line: z.number().int(),
  end_line: z.number().int(),
  content: text(),
});

export const contextFilePart = z.object({
  type: z.literal('context-file'),
  context_file_path: z.string(),
  context_file_truncated: z.boolean().optional(),
  context_file_agent_id: uuid().optional(),
  context_file_content: z.string().optional(),
  context_file_os: z.string().optional(),
  context_file_directory: z.string().optional(),
});

export const skillPart = z.object({
  type: z.literal('skill'),
  skill_name: z.string(),
  skill_description: z.string().optional(),
  skill_dir: z.string().optional(),
  context_file_skill_meta_file: z.string().optional(),
});

export const hookContextPart = z.object({ type: z.literal('hook-context'), text: z.string() });

export const hookNoticePart = z.object({ type: z.literal('hook-notice'), text: z.string() });

export const messagePart = z.discriminatedUnion('type', [
  textPart,
  reasoningPart,
  toolCallPart,
  toolResultPart,
  sourcePart,
  filePart,
  fileReferencePart,
  contextFilePart,
  skillPart,
  hookContextPart,
  hookNoticePart,
]);

export type TextPart = z.infer<typeof textPart>;
export type ReasoningPart = z.infer<typeof reasoningPart>;
export type ToolCallPart = z.infer<typeof toolCallPart>;
export type ToolResultPart = z.infer<typeof toolResultPart>;
export type SourcePart = z.infer<typeof sourcePart>;
export type FilePart = z.infer<typeof filePart>;
export type FileReferencePart = z.infer<typeof fileReferencePart>;
export type MessagePart = z.infer<typeof messagePart>;
export type MessagePartType = MessagePart['type'];

/** What a client may see of a part; null when it may see nothing of it. */
export function toClientPart(part: MessagePart): MessagePart | null {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
    case 'source': {
      if (part.provider_metadata === undefined) return part;
      const { provider_metadata: _internal, ...visible } = part;
      return visible;
    }
    case 'file': {
      if (part.file_id === undefined) return part;
      const { data: _stored, ...visible } = part;
      return visible;
    }
    case 'context-file': {
      const {
        context_file_content: _content,
        context_file_os: _os,
        context_file_directory: _dir,
        ...visible
      } = part;
      return visible;
    }
    case 'skill': {
      const { skill_dir: _dir, context_file_skill_meta_file: _meta, ...visible } = part;
      return visible;
    }
    case 'hook-context':
      return null;
    case 'file-reference':
    case 'hook-notice':
      return part;
  }
}

/** The parts of a message that clients may see, in order. */
export function toClientParts(parts: readonly MessagePart[]): MessagePart[] {
  return parts.map(toClientPart).filter((part) => part !== null);
}
