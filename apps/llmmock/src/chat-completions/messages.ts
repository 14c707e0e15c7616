/**
 * Checks the messages of a Chat Completions request, in the order the real API cares about: a message that calls tools
 * is followed at once by one tool message for each call, and a tool message has such a message before it.
 * `reasoning_content` on assistant messages is accepted, as the compatible servers that send it do.
 */
import { isMissing, type JsonObject } from '../json-fields';
import type { Transcript } from '../model-request';
import {
  invalidInput,
  invalidValue,
  missingParameter,
  optionalString,
  refuseUnknownKeys,
  requireArguments,
  requireArray,
  requireName,
  requireObject,
  requireString,
  requireText,
} from '../openai-fields';

export const MAX_TOOL_NAME_LENGTH = 64;
const MAX_CALL_ID_LENGTH = 64;

const ROLES = ['system', 'assistant', 'user', 'function', 'tool', 'developer'];
const MESSAGE_KEYS: Readonly<Record<string, ReadonlySet<string>>> = {
  system: new Set(['role', 'content', 'name']),
  developer: new Set(['role', 'content', 'name']),
  user: new Set(['role', 'content', 'name']),
  function: new Set(['role', 'content', 'name']),
  tool: new Set(['role', 'content', 'tool_call_id']),
  assistant: new Set([
    'role',
    'content',
    'name',
    'refusal',
    'audio',
    'function_call',
    'tool_calls',
    'annotations',
    'reasoning_content',
  ]),
};
const PART_KEYS: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(['type', 'text', 'prompt_cache_breakpoint']),
  image_url: new Set(['type', 'image_url', 'prompt_cache_breakpoint']),
  input_audio: new Set(['type', 'input_audio', 'prompt_cache_breakpoint']),
  file: new Set(['type', 'file', 'prompt_cache_breakpoint']),
  refusal: new Set(['type', 'refusal']),
};
const PARTS_OF_ROLE: Readonly<Record<string, readonly string[]>> = {
  user: ['text', 'image_url', 'input_audio', 'file'],
  assistant: ['text', 'refusal'],
};

interface MessageWalk {
  readonly transcript: Transcript;
  readonly instructions: string[];
  /** Calls of the latest assistant message that still need their tool message. */
  openCalls: Set<string>;
  /** Calls of that message that have it. */
  answeredCalls: Set<string>;
}

function nullContent(index: number): Error {
  return invalidInput(
    "Invalid value for 'content': expected a string, got null.",
    `messages.[${index}].content`,
  );
}

function contentText(content: unknown, path: string, role: string): string {
  if (typeof content === 'string') return content;
  const supported = PARTS_OF_ROLE[role] ?? ['text'];
  const texts: string[] = [];
  requireArray(content, path).forEach((value, index) => {
    const partPath = `${path}[${index}]`;
    const part = requireObject(value, partPath);
    const type = requireString(part['type'], `${partPath}.type`);
    if (!supported.includes(type)) throw invalidValue(partPath, type, supported);
    refuseUnknownKeys(part, PART_KEYS[type] ?? new Set(), partPath);
    if (type === 'text' || type === 'refusal') texts.push(requireString(part[type], `${partPath}.${type}`));
    else {
      const source = requireObject(part[type], `${partPath}.${type}`);
      if (type === 'image_url') requireString(source['url'], `${partPath}.image_url.url`);
    }
  });
  if (texts.length === 0 && Array.isArray(content) && content.length === 0)
    throw missingParameter(`${path}[0]`);
  return texts.join('\n');
}

function refuseOpenCalls(walk: MessageWalk, index: number): void {
  if (walk.openCalls.size === 0) return;
  throw invalidInput(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
      `The following tool_call_ids did not have response messages: ${[...walk.openCalls].join(', ')}`,
    `messages.[${index}].role`,
  );
}

function toolCalls(value: unknown, path: string, walk: MessageWalk): void {
  const calls = requireArray(value, path);
  if (calls.length === 0) {
    throw invalidInput(
      `Invalid '${path}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      path,
    );
  }
  calls.forEach((entry, index) => {
    const callPath = `${path}[${index}]`;
    const call = requireObject(entry, callPath);
    refuseUnknownKeys(call, new Set(['id', 'type', 'function']), callPath);
    const id = requireText(call['id'], `${callPath}.id`, MAX_CALL_ID_LENGTH);
    const type = requireString(call['type'], `${callPath}.type`);
    if (type !== 'function') throw invalidValue(`${callPath}.type`, type, ['function']);
    const details = requireObject(call['function'], `${callPath}.function`);
    const name = requireName(details['name'], `${callPath}.function.name`, MAX_TOOL_NAME_LENGTH);
    const text = requireArguments(details['arguments'], `${callPath}.function.arguments`);
    if (walk.openCalls.has(id))
      throw invalidInput(`Duplicate value for 'tool_call_id' of '${id}' in '${path}'.`, callPath);
    walk.openCalls.add(id);
    walk.transcript.addText(name + text);
  });
}

function assistantMessage(message: JsonObject, index: number, walk: MessageWalk): void {
  const path = `messages[${index}]`;
  const refusal = optionalString(message['refusal'], `${path}.refusal`);
  const thought = optionalString(message['reasoning_content'], `${path}.reasoning_content`);
  const hasCalls = !isMissing(message['tool_calls']);
  if (
    isMissing(message['content']) &&
    !hasCalls &&
    refusal === undefined &&
    isMissing(message['function_call'])
  )
    throw nullContent(index);
  const text = isMissing(message['content'])
    ? ''
    : contentText(message['content'], `${path}.content`, 'assistant');
  walk.transcript.addAnswerText(text);
  walk.transcript.addText((refusal ?? '') + (thought ?? ''));
  walk.answeredCalls = new Set();
  if (hasCalls) toolCalls(message['tool_calls'], `${path}.tool_calls`, walk);
}

function toolMessage(message: JsonObject, index: number, walk: MessageWalk): void {
  const path = `messages[${index}]`;
  const id = requireString(message['tool_call_id'], `${path}.tool_call_id`);
  if (isMissing(message['content'])) throw nullContent(index);
  const text = contentText(message['content'], `${path}.content`, 'tool');
  if (walk.answeredCalls.has(id))
    throw invalidInput(`Duplicate value for 'tool_call_id' of '${id}'.`, `messages.[${index}].tool_call_id`);
  if (!walk.openCalls.delete(id)) {
    const message =
      "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
    throw invalidInput(message, `messages.[${index}].role`);
  }
  walk.answeredCalls.add(id);
  walk.transcript.addToolResult(text);
}

function walkMessage(message: JsonObject, index: number, walk: MessageWalk): void {
  const path = `messages[${index}]`;
  const role = requireString(message['role'], `${path}.role`);
  if (!ROLES.includes(role)) throw invalidValue(`${path}.role`, role, ROLES);
  refuseUnknownKeys(message, MESSAGE_KEYS[role] ?? new Set(), path);
  if (role === 'tool') return toolMessage(message, index, walk);
  refuseOpenCalls(walk, index);
  if (role === 'assistant') return assistantMessage(message, index, walk);
  walk.answeredCalls = new Set();
  if (isMissing(message['content'])) throw nullContent(index);
  const text = contentText(message['content'], `${path}.content`, role);
  if (role === 'user') walk.transcript.addUserText(text);
  else {
    walk.transcript.addText(text);
    if (role !== 'function') walk.instructions.push(text);
  }
}

/** @returns the texts of the system and developer messages. @throws ApiError (400) */
export function walkMessages(messages: readonly unknown[], transcript: Transcript): string[] {
  const walk: MessageWalk = { transcript, instructions: [], openCalls: new Set(), answeredCalls: new Set() };
  messages.forEach((value, index) => walkMessage(requireObject(value, `messages[${index}]`), index, walk));
  refuseOpenCalls(walk, messages.length);
  return walk.instructions;
}
