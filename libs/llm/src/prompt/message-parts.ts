/**
 * Stored parts as parts of a prompt, one message at a time. Blank text is dropped, because Anthropic refuses it; blank reasoning only
 * when it carries nothing a provider wants back. Sources, notices and whatever the provider itself executed are not sent.
 */
import type { MessagePart, ReasoningPart, TextPart, ToolCallPart, ToolResultPart } from '@parley/contracts';
import { isJsonObject, parseJson, type JsonObject } from '../json';
import type { PromptReasoning, PromptText, PromptUserPart } from '../model-client';
import { fileForPrompt, fileReferenceText, missingFile, type ReadFile } from './files';

export function systemText(content: readonly MessagePart[]): string {
  return content
    .flatMap((part) => userParts(part, () => undefined))
    .flatMap((part) => (part.type === 'text' ? [part.text] : []))
    .join('\n\n');
}

export function userParts(part: MessagePart, readFile: ReadFile): PromptUserPart[] {
  switch (part.type) {
    case 'text':
    case 'hook-context':
      return textOrNothing(part.text);
    case 'file':
      return [fileForPrompt(part, readFile) ?? missingFile(part)];
    case 'file-reference':
      return textOrNothing(fileReferenceText(part));
    case 'context-file':
      return textOrNothing(contextFileText(part));
    case 'skill':
      return textOrNothing(
        part.skill_description === undefined ? '' : `Skill ${part.skill_name}: ${part.skill_description}`,
      );
    case 'reasoning':
    case 'tool-call':
    case 'tool-result':
    case 'source':
    case 'hook-notice':
      return [];
  }
}

export function assistantText(part: TextPart): PromptText[] {
  if (part.text.trim() === '') return [];
  return [{ type: 'text', text: part.text.toWellFormed(), ...metadataOf(part) }];
}

export function assistantReasoning(part: ReasoningPart): PromptReasoning[] {
  if (part.text.trim() === '' && part.provider_metadata === undefined) return [];
  return [{ type: 'reasoning', text: part.text, ...metadataOf(part) }];
}

/** The arguments as an object: everything else providers refuse, or drop and then refuse the result. */
export function callArgs(part: ToolCallPart): JsonObject {
  const args = typeof part.args === 'string' ? parseJson(part.args) : part.args;
  return isJsonObject(args) ? args : {};
}

export function metadataOf(part: TextPart | ReasoningPart | ToolCallPart | ToolResultPart) {
  return part.provider_metadata === undefined ? {} : { providerMetadata: part.provider_metadata };
}

function textOrNothing(text: string): PromptText[] {
  return text.trim() === '' ? [] : [{ type: 'text', text: text.toWellFormed() }];
}

function contextFileText(part: Extract<MessagePart, { type: 'context-file' }>): string {
  const content = part.context_file_content ?? '';
  if (content.trim() === '') return '';
  const note = part.context_file_truncated === true ? '\n[… cut …]' : '';
  return `<context-file path=${JSON.stringify(part.context_file_path)}>\n${content}${note}\n</context-file>`;
}
