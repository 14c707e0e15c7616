/**
 * Checks the `input` items of a Responses request: shape, ids, and the pairing rules that make the real API answer 400
 * (every call has exactly one later output, every output an earlier call; a reasoning item comes with the item that
 * followed it, and that item with its reasoning). What is accepted is walked into the transcript.
 */
import { ApiError } from '../api-error';
import { isMissing, type JsonObject } from '../json-fields';
import type { Transcript } from '../model-request';
import {
  invalidInput,
  invalidValue,
  missingParameter,
  optionalEnum,
  optionalString,
  refuseUnknownKeys,
  requireArguments,
  requireArray,
  requireName,
  requireObject,
  requireString,
  requireText,
} from '../openai-fields';
import { decryptReasoning } from '../signature';
import { contentText } from './content';
import { originOf } from './item-id';

const MAX_CALL_ID_LENGTH = 64;
export const MAX_TOOL_NAME_LENGTH = 128;

const ROLES = ['user', 'assistant', 'system', 'developer'];
const STATUSES = ['in_progress', 'completed', 'incomplete'];
const ITEM_KEYS = {
  message: new Set(['type', 'role', 'content', 'id', 'status', 'phase']),
  function_call: new Set(['type', 'id', 'call_id', 'name', 'arguments', 'status', 'namespace', 'caller']),
  function_call_output: new Set(['type', 'id', 'call_id', 'output', 'status', 'caller']),
  reasoning: new Set(['type', 'id', 'summary', 'content', 'encrypted_content', 'status']),
  web_search_call: new Set(['type', 'id', 'status', 'action']),
} as const;
const ITEM_TYPES = [...Object.keys(ITEM_KEYS), 'item_reference'];

interface InputWalk {
  readonly transcript: Transcript;
  readonly instructions: string[];
  readonly isStored: boolean;
  /** call_id of each call, and whether its output was seen. */
  readonly calls: Map<string, boolean>;
  readonly itemIds: Set<string>;
  readonly reasoningAnswers: Set<string>;
  /** The reasoning item just before, still waiting for the item that followed it. */
  openReasoning: string | undefined;
}

function checkItemId(item: JsonObject, path: string, walk: InputWalk, prefix: string): string | undefined {
  const id = optionalString(item['id'], `${path}.id`);
  if (id === undefined) return undefined;
  if (!id.startsWith(prefix)) {
    const message = `Invalid '${path}.id': '${id}'. Expected an ID that begins with '${prefix}'.`;
    throw new ApiError(400, { message, param: `${path}.id`, code: 'invalid_value' });
  }
  requireText(id, `${path}.id`, 128);
  if (walk.itemIds.has(id)) {
    throw invalidInput(
      `Duplicate item found with id ${id}. Remove duplicate items from your input and try again.`,
      'input',
    );
  }
  walk.itemIds.add(id);
  return id;
}

function withoutFollower(id: string): ApiError {
  return invalidInput(
    `Item '${id}' of type 'reasoning' was provided without its required following item.`,
    'input',
  );
}

/** Called for every item the model made: it closes an open reasoning item, and may need one of its own. */
function followReasoning(id: string | undefined, type: string, walk: InputWalk): void {
  const origin = id === undefined ? undefined : originOf(id);
  if (walk.openReasoning !== undefined) {
    const expected = originOf(walk.openReasoning);
    if (origin !== undefined && expected !== undefined && origin.answerId !== expected.answerId)
      throw withoutFollower(walk.openReasoning);
    walk.openReasoning = undefined;
  }
  if (id !== undefined && origin?.hasReasoning === true && !walk.reasoningAnswers.has(origin.answerId)) {
    throw invalidInput(
      `Item '${id}' of type '${type}' was provided without its required 'reasoning' item: 'rs_${origin.answerId}a00'.`,
      'input',
    );
  }
}

function message(item: JsonObject, path: string, walk: InputWalk): void {
  refuseUnknownKeys(item, ITEM_KEYS.message, path);
  const role = requireString(item['role'], `${path}.role`);
  if (!ROLES.includes(role)) throw invalidValue(`${path}.role`, role, ROLES);
  if (isMissing(item['content'])) throw missingParameter(`${path}.content`);
  optionalEnum(item['status'], `${path}.status`, STATUSES);
  const text = contentText(item['content'], `${path}.content`, role === 'assistant' ? 'model' : 'client');
  if (role === 'assistant') {
    followReasoning(checkItemId(item, path, walk, 'msg'), 'message', walk);
    walk.transcript.addAnswerText(text);
    return;
  }
  if (walk.openReasoning !== undefined) throw withoutFollower(walk.openReasoning);
  if (role === 'user') walk.transcript.addUserText(text);
  else {
    walk.transcript.addText(text);
    walk.instructions.push(text);
  }
}

function functionCall(item: JsonObject, path: string, walk: InputWalk): void {
  refuseUnknownKeys(item, ITEM_KEYS.function_call, path);
  const callId = requireText(item['call_id'], `${path}.call_id`, MAX_CALL_ID_LENGTH);
  const name = requireName(item['name'], `${path}.name`, MAX_TOOL_NAME_LENGTH);
  const text = requireArguments(item['arguments'], `${path}.arguments`);
  optionalEnum(item['status'], `${path}.status`, STATUSES);
  followReasoning(checkItemId(item, path, walk, 'fc'), 'function_call', walk);
  if (walk.calls.has(callId))
    throw invalidInput(`Duplicate function call found with call_id ${callId}.`, 'input');
  walk.calls.set(callId, false);
  walk.transcript.addText(name + text);
}

function functionCallOutput(item: JsonObject, path: string, walk: InputWalk): void {
  refuseUnknownKeys(item, ITEM_KEYS.function_call_output, path);
  const callId = requireText(item['call_id'], `${path}.call_id`, MAX_CALL_ID_LENGTH);
  if (isMissing(item['output'])) throw missingParameter(`${path}.output`);
  const text = contentText(item['output'], `${path}.output`, 'client');
  checkItemId(item, path, walk, 'fc');
  if (walk.openReasoning !== undefined) throw withoutFollower(walk.openReasoning);
  const hasOutput = walk.calls.get(callId);
  if (hasOutput === undefined)
    throw invalidInput(`No tool call found for function call output with call_id ${callId}.`, 'input');
  if (hasOutput) throw invalidInput(`Duplicate function call output found with call_id ${callId}.`, 'input');
  walk.calls.set(callId, true);
  walk.transcript.addToolResult(text);
}

/** The id of a reasoning item: the sealed content proves it, or it is only claimed where the server stores items. */
function reasoningId(item: JsonObject, path: string, walk: InputWalk): string {
  const claimed = checkItemId(item, path, walk, 'rs');
  const encrypted = optionalString(item['encrypted_content'], `${path}.encrypted_content`);
  if (encrypted === undefined) {
    if (claimed === undefined) throw missingParameter(`${path}.id`);
    if (walk.isStored) return claimed;
    throw new ApiError(404, {
      message:
        `Item with id '${claimed}' not found. Items are not persisted when \`store\` is set to false. ` +
        'Try again with `store` set to true, or remove this item from your input.',
      param: 'input',
    });
  }
  const sealed = decryptReasoning(encrypted);
  if (sealed === undefined || (claimed !== undefined && claimed !== sealed)) {
    throw new ApiError(400, {
      message: `The encrypted content for item ${claimed ?? path} could not be verified. Reason: Encrypted content could not be decrypted or parsed.`,
      code: 'invalid_encrypted_content',
    });
  }
  return sealed;
}

function reasoning(item: JsonObject, path: string, walk: InputWalk): void {
  refuseUnknownKeys(item, ITEM_KEYS.reasoning, path);
  requireArray(item['summary'], `${path}.summary`).forEach((value, index) => {
    const part = requireObject(value, `${path}.summary[${index}]`);
    optionalEnum(part['type'], `${path}.summary[${index}].type`, ['summary_text']);
    walk.transcript.addText(requireString(part['text'], `${path}.summary[${index}].text`));
  });
  const id = reasoningId(item, path, walk);
  const origin = originOf(id);
  if (walk.openReasoning !== undefined && originOf(walk.openReasoning)?.answerId !== origin?.answerId) {
    throw withoutFollower(walk.openReasoning);
  }
  walk.openReasoning = id;
  if (origin !== undefined) walk.reasoningAnswers.add(origin.answerId);
}

function webSearchCall(item: JsonObject, path: string, walk: InputWalk): void {
  refuseUnknownKeys(item, ITEM_KEYS.web_search_call, path);
  const id = checkItemId(item, path, walk, 'ws');
  if (id === undefined) throw missingParameter(`${path}.id`);
  if (walk.openReasoning === undefined) {
    throw invalidInput(
      `Item '${id}' of type 'web_search_call' was provided without its required 'reasoning' item.`,
      'input',
    );
  }
  walk.openReasoning = undefined;
}

function walkItem(item: JsonObject, path: string, walk: InputWalk): void {
  const type = isMissing(item['type']) ? 'message' : requireString(item['type'], `${path}.type`);
  switch (type) {
    case 'message':
      return message(item, path, walk);
    case 'function_call':
      return functionCall(item, path, walk);
    case 'function_call_output':
      return functionCallOutput(item, path, walk);
    case 'reasoning':
      return reasoning(item, path, walk);
    case 'web_search_call':
      return webSearchCall(item, path, walk);
    case 'item_reference': {
      const id = requireString(item['id'], `${path}.id`);
      throw new ApiError(404, { message: `Item with id '${id}' not found.`, param: 'input' });
    }
    default:
      throw invalidValue(path, type, ITEM_TYPES);
  }
}

/**
 * @returns the texts of the system and developer messages
 * @throws ApiError (400, or 404 for items that only a server with storage could know)
 */
export function walkInput(
  items: readonly unknown[],
  target: { transcript: Transcript; isStored: boolean },
): string[] {
  const walk: InputWalk = {
    ...target,
    instructions: [],
    calls: new Map(),
    itemIds: new Set(),
    reasoningAnswers: new Set(),
    openReasoning: undefined,
  };
  items.forEach((value, index) => walkItem(requireObject(value, `input[${index}]`), `input[${index}]`, walk));
  if (walk.openReasoning !== undefined) throw withoutFollower(walk.openReasoning);
  for (const [callId, hasOutput] of walk.calls) {
    if (!hasOutput) throw invalidInput(`No tool output found for function call ${callId}.`, 'input');
  }
  return walk.instructions;
}
