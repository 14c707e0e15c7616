import {
  requireArray,
  requireObject,
  refuseUnknownKeys,
  requireString,
  invalidValue,
  optionalString,
} from '../openai-fields';
import { isMissing, type JsonObject } from '../json-fields';
import { invalidInput } from '../openai-fields';

const TEXT_KEYS = new Set(['type', 'text', 'annotations', 'logprobs', 'prompt_cache_breakpoint']);
const REFUSAL_KEYS = new Set(['type', 'refusal']);
const IMAGE_KEYS = new Set(['type', 'detail', 'file_id', 'image_url', 'prompt_cache_breakpoint']);
const FILE_KEYS = new Set([
  'type',
  'detail',
  'file_data',
  'file_id',
  'file_url',
  'filename',
  'prompt_cache_breakpoint',
]);

const INPUT_PARTS = ['input_text', 'input_image', 'input_file'];
const OUTPUT_PARTS = ['output_text', 'refusal'];

function requireOneSource(part: JsonObject, names: readonly string[], path: string): void {
  if (names.every((name) => isMissing(part[name]))) {
    throw invalidInput(
      `Invalid '${path}': one of ${names.map((name) => `'${name}'`).join(', ')} must be provided.`,
      path,
    );
  }
  for (const name of names) optionalString(part[name], `${path}.${name}`);
}

function partText(part: JsonObject, path: string): string {
  switch (part['type']) {
    case 'input_image':
      refuseUnknownKeys(part, IMAGE_KEYS, path);
      requireOneSource(part, ['image_url', 'file_id'], path);
      return '';
    case 'input_file':
      refuseUnknownKeys(part, FILE_KEYS, path);
      requireOneSource(part, ['file_data', 'file_id', 'file_url'], path);
      return '';
    case 'refusal':
      refuseUnknownKeys(part, REFUSAL_KEYS, path);
      return requireString(part['refusal'], `${path}.refusal`);
    default:
      refuseUnknownKeys(part, TEXT_KEYS, path);
      return requireString(part['text'], `${path}.text`);
  }
}

/** The text of a message's or an output's content; images and files count as none. @throws ApiError (400) */
export function contentText(content: unknown, path: string, author: 'client' | 'model'): string {
  if (typeof content === 'string') return content;
  const supported = author === 'model' ? OUTPUT_PARTS : INPUT_PARTS;
  const texts: string[] = [];
  requireArray(content, path).forEach((value, index) => {
    const partPath = `${path}[${index}]`;
    const part = requireObject(value, partPath);
    const type = requireString(part['type'], `${partPath}.type`);
    if (!supported.includes(type)) throw invalidValue(partPath, type, supported);
    const text = partText(part, partPath);
    if (text !== '') texts.push(text);
  });
  return texts.join('\n');
}
