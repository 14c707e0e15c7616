/**
 * Checks one content block of a message or of the system prompt: its fields, that text is not blank, that signed
 * thinking was not altered, and that ids and names match the API's patterns. How blocks go together is `pairing.ts`.
 */
import { isMissing, type JsonObject } from '../json-fields';
import { isRedactedThinking, thinkingSignature } from '../signature';
import {
  optionalBoolean,
  optionalObject,
  refuse,
  refuseUnknownKeys,
  requireArray,
  requireMatch,
  requireObject,
  requireOneOf,
  requireString,
  TOOL_NAME,
  TOOL_USE_ID,
} from './fields';

const BLOCK_KEYS: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(['type', 'text', 'cache_control', 'citations']),
  image: new Set(['type', 'source', 'cache_control', 'transformations']),
  document: new Set(['type', 'source', 'cache_control', 'citations', 'context', 'title']),
  search_result: new Set(['type', 'source', 'title', 'content', 'cache_control', 'citations']),
  thinking: new Set(['type', 'thinking', 'signature']),
  redacted_thinking: new Set(['type', 'data']),
  tool_use: new Set(['type', 'id', 'name', 'input', 'cache_control', 'caller', 'toolset_name']),
  tool_result: new Set(['type', 'tool_use_id', 'content', 'is_error', 'cache_control', 'toolset_name']),
  server_tool_use: new Set(['type', 'id', 'name', 'input', 'cache_control', 'caller']),
  web_search_tool_result: new Set(['type', 'tool_use_id', 'content', 'cache_control', 'caller']),
};
const RESULT_PARTS = ['text', 'image', 'document', 'search_result'];
const IMAGE_TYPES = ['image/jpeg', 'image/png', 'image/gif', 'image/webp'];

export interface Block {
  readonly type: string;
  readonly fields: JsonObject;
  readonly path: string;
  /** What the block adds to the prompt. */
  readonly text: string;
}

/** What the checks of blocks know of the request that they stand in. */
export interface RequestWalk {
  readonly model: string;
  /** Cache breakpoints so far; the API allows four in one request. */
  breakpoints: number;
}

export function checkCacheControl(fields: JsonObject, path: string, walk: RequestWalk): void {
  const control = optionalObject(fields['cache_control'], `${path}.cache_control`);
  if (control === undefined) return;
  refuseUnknownKeys(control, new Set(['type', 'ttl']), `${path}.cache_control.ephemeral`);
  requireOneOf(control['type'], `${path}.cache_control.type`, ['ephemeral']);
  if (!isMissing(control['ttl']))
    requireOneOf(control['ttl'], `${path}.cache_control.ephemeral.ttl`, ['5m', '1h']);
  walk.breakpoints += 1;
}

function checkSource(fields: JsonObject, path: string, isImage: boolean): void {
  const source = requireObject(fields['source'], `${path}.source`);
  const type = requireString(source['type'], `${path}.source.type`);
  if (type === 'base64') {
    requireString(source['data'], `${path}.source.base64.data`);
    requireOneOf(
      source['media_type'],
      `${path}.source.base64.media_type`,
      isImage ? IMAGE_TYPES : ['application/pdf'],
    );
  } else if (type === 'url') requireString(source['url'], `${path}.source.url.url`);
  else if (type === 'file') requireString(source['file_id'], `${path}.source.file.file_id`);
  else if (isImage || (type !== 'text' && type !== 'content')) {
    throw refuse(
      `${path}.source: Input tag '${type}' found using 'type' does not match any of the expected tags: 'base64', 'file', 'url'`,
    );
  }
}

function checkText(fields: JsonObject, path: string): string {
  const text = requireString(fields['text'], `${path}.text`);
  if (text === '') throw refuse(`${path.split('.')[0] ?? path}: text content blocks must be non-empty`);
  if (text.trim() === '')
    throw refuse(`${path.split('.')[0] ?? path}: text content blocks must contain non-whitespace text`);
  return text;
}

function checkThinking(fields: JsonObject, path: string, model: string): string {
  const thinking = requireString(fields['thinking'], `${path}.thinking`);
  const signature = requireString(fields['signature'], `${path}.signature`);
  const owner = path.slice(0, path.lastIndexOf('.'));
  if (signature !== thinkingSignature(model, thinking))
    throw refuse(`${owner}: Invalid \`signature\` in \`thinking\` block`);
  return thinking;
}

function checkToolResult(fields: JsonObject, path: string, walk: RequestWalk): string {
  requireMatch(fields['tool_use_id'], `${path}.tool_use_id`, TOOL_USE_ID);
  const isError = optionalBoolean(fields['is_error'], `${path}.is_error`) === true;
  const content = fields['content'];
  const isEmpty = isMissing(content) || content === '' || (Array.isArray(content) && content.length === 0);
  if (isError && isEmpty) throw refuse(`${path}: content cannot be empty if \`is_error\` is true`);
  if (isMissing(content)) return '';
  if (typeof content === 'string') return content;
  return requireArray(content, `${path}.content`)
    .map(
      (part, index) =>
        checkBlock(part, { path: `${path}.content.${index}`, supported: RESULT_PARTS, walk }).text,
    )
    .join('\n');
}

function checkFields(type: string, fields: JsonObject, path: string, walk: RequestWalk): string {
  switch (type) {
    case 'text':
      return checkText(fields, path);
    case 'image':
    case 'document':
      checkSource(fields, path, type === 'image');
      return '';
    case 'thinking':
      return checkThinking(fields, path, walk.model);
    case 'redacted_thinking': {
      const owner = path.slice(0, path.lastIndexOf('.'));
      const data = requireString(fields['data'], `${path}.data`);
      if (!isRedactedThinking(walk.model, data))
        throw refuse(`${owner}: Invalid \`data\` in \`redacted_thinking\` block`);
      return '';
    }
    case 'tool_use':
    case 'server_tool_use':
      requireMatch(
        fields['id'],
        `${path}.id`,
        type === 'tool_use' ? TOOL_USE_ID : /^srvtoolu_[a-zA-Z0-9_]+$/,
      );
      return (
        requireMatch(fields['name'], `${path}.name`, TOOL_NAME) +
        JSON.stringify(requireObject(fields['input'], `${path}.input`))
      );
    case 'tool_result':
      return checkToolResult(fields, path, walk);
    case 'web_search_tool_result':
      requireString(fields['tool_use_id'], `${path}.tool_use_id`);
      if (!Array.isArray(fields['content'])) requireObject(fields['content'], `${path}.content`);
      return '';
    default:
      return '';
  }
}

/** @throws ApiError (400) */
export function checkBlock(
  value: unknown,
  { path, supported, walk }: { path: string; supported: readonly string[]; walk: RequestWalk },
): Block {
  const fields = requireObject(value, path);
  const type = requireString(fields['type'], `${path}.type`);
  const known = BLOCK_KEYS[type];
  if (known === undefined || !supported.includes(type)) {
    const tags = supported.map((name) => `'${name}'`).join(', ');
    throw refuse(
      `${path}: Input tag '${type}' found using 'type' does not match any of the expected tags: ${tags}`,
    );
  }
  const fieldPath = `${path}.${type}`;
  refuseUnknownKeys(fields, known, fieldPath);
  checkCacheControl(fields, fieldPath, walk);
  return { type, fields, path, text: checkFields(type, fields, fieldPath, walk) };
}
