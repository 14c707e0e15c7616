/** How large a prompt is, when only a guess is to be had, and how to make one smaller that a provider found too large. */
import { readErrorSignals } from '../error-signals';
import type { ModelError } from '../errors';
import type {
  ModelRequest,
  PromptAssistantPart,
  PromptMessage,
  PromptText,
  PromptToolResult,
  PromptUserPart,
} from '../model-client';

/** Of UTF-8. English text has a little more, other languages and code have less. */
const BYTES_PER_TOKEN = 4;
/** About what providers count for an image of usual size, or a page or two. */
const TOKENS_PER_FILE = 1_600;
const TOKENS_PER_MESSAGE = 4;

const TOO_LARGE =
  /context[ _]length|maximum context|context (window|limit)|prompt is too long|too many (input )?tokens|request_too_large|too large|provider takes at most/;

/** A guess of the input tokens of a request. */
export function estimateTokens({ messages, tools }: Pick<ModelRequest, 'messages' | 'tools'>): number {
  const toolTokens = tools.length === 0 ? 0 : textTokens(JSON.stringify(tools));
  return messages.reduce((sum, message) => sum + TOKENS_PER_MESSAGE + messageTokens(message), toolTokens);
}

function textTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
}

function messageTokens(message: PromptMessage): number {
  switch (message.role) {
    case 'system':
      return textTokens(message.text);
    case 'user':
    case 'assistant':
      return message.parts.reduce((sum, part) => sum + partTokens(part), 0);
    case 'tool':
      return message.results.reduce(
        (sum, { text, media }) => sum + textTokens(text) + (media === undefined ? 0 : TOKENS_PER_FILE),
        0,
      );
  }
}

function partTokens(part: PromptUserPart | PromptAssistantPart): number {
  switch (part.type) {
    case 'text':
    case 'reasoning':
      return textTokens(part.text);
    case 'file':
      return TOKENS_PER_FILE;
    case 'tool-call':
    case 'provider-call':
      return textTokens(part.toolName) + textTokens(JSON.stringify(part.args));
    case 'provider-result':
      return textTokens(JSON.stringify(part.providerMetadata ?? {}));
  }
}

/** Whether the provider refused a request for its size. */
export function isTooLarge(error: ModelError): boolean {
  if (error.statusCode === 413) return true;
  if (error.kind !== 'config' && error.statusCode !== 400) return false;
  return TOO_LARGE.test(`${error.detail ?? ''}\n${readErrorSignals(error.cause).text}`.toLowerCase());
}

/**
 * The messages with calls and results told as text, for a request that offers no tools: providers refuse the one without the
 * other. Media are left out.
 */
export function withoutToolUse(messages: readonly PromptMessage[]): PromptMessage[] {
  return messages.flatMap((message): PromptMessage[] => {
    switch (message.role) {
      case 'system':
      case 'user':
        return [message];
      case 'assistant': {
        const parts = message.parts.flatMap(callAsText);
        return parts.length === 0 ? [] : [{ role: 'assistant', parts }];
      }
      case 'tool':
        return [{ role: 'user', parts: message.results.map(resultAsText) }];
    }
  });
}

/** Reasoning belongs to the calls that are no longer there. */
function callAsText(part: PromptAssistantPart): PromptText[] {
  switch (part.type) {
    case 'text':
      return [part];
    case 'reasoning':
    case 'provider-call':
    case 'provider-result':
      return [];
    case 'tool-call':
      return [{ type: 'text', text: `[Called the tool ${part.toolName} with ${JSON.stringify(part.args)}]` }];
  }
}

function resultAsText({ toolName, text, media, isError }: PromptToolResult): PromptText {
  const outcome = isError ? 'failed with' : 'returned';
  const file = media === undefined ? '' : ` and a file of type ${media.mediaType}`;
  return { type: 'text', text: `[The tool ${toolName} ${outcome} ${text}${file}]` };
}
