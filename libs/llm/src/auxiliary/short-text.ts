/**
 * One short text from a model: titles, labels, summaries of chats.
 *
 * The answer is a JSON object with one field, enforced where the API can and only asked for elsewhere, so a reply may also come fenced
 * or bare. What is longer than asked for is refused, not cut: half a sentence is no title. A reply that broke off in the middle of its
 * JSON says nothing. What the model gets to read is the users' and other models' text: it is told not to follow instructions in it.
 */
import { generateText } from '../generate-text';
import { isJsonObject, parseJson, stringAt } from '../json';
import type { ModelClient } from '../model-client';

export interface ShortTextKind {
  /** The field of the reply, and the last word of the schema's name. */
  readonly field: string;
  readonly instructions: string;
  readonly maxOutputTokens: number;
  /** More words than that are refused. */
  readonly maxWords: number;
  /** In code points; what is longer is cut, with an ellipsis. */
  readonly maxCharacters: number;
}

/**
 * Asks a model for a short text about `prompt`.
 * @returns undefined when the model said nothing usable
 * @throws ModelError
 */
export async function askForShortText(
  client: ModelClient,
  { kind, prompt }: { readonly kind: ShortTextKind; readonly prompt: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { field, instructions, maxOutputTokens } = kind;
  const { text } = await generateText(
    client,
    {
      messages: [
        { role: 'system', text: `${instructions} Reply with JSON of the form {"${field}": "..."}.` },
        { role: 'user', parts: [{ type: 'text', text: prompt }] },
      ],
      tools: [],
      settings: { maxOutputTokens },
      responseFormat: { name: `chat_${field}`, schema: schemaOf(field) },
    },
    signal,
  );
  return readShortText(text, kind);
}

/** The text in a model's reply, on one line, without quotation marks around it. Undefined when there is none, or a longer one than asked for. */
export function readShortText(
  reply: string,
  { field, maxWords, maxCharacters }: Pick<ShortTextKind, 'field' | 'maxWords' | 'maxCharacters'>,
): string | undefined {
  const json = /\{[^]*\}/.exec(reply)?.[0];
  const parsed = json === undefined ? undefined : parseJson(json);
  const text = (isJsonObject(parsed) ? stringAt(parsed, field) : withoutJson(reply))
    ?.replace(/(\p{C}|\s)+/gu, ' ')
    .trim()
    .replace(/^["'“„«]+|["'”“»]+$/gu, '')
    .trim();
  if (text === undefined || text === '' || text.split(' ').length > maxWords) return undefined;
  return cutCharacters(text, { maxCharacters, wasCut: false });
}

/** At most `maxCharacters` code points, with an ellipsis as the last one if anything was cut, here or before. */
export function cutCharacters(
  text: string,
  { maxCharacters, wasCut }: { readonly maxCharacters: number; readonly wasCut: boolean },
): string {
  const characters = [...text];
  if (characters.length + (wasCut ? 1 : 0) <= maxCharacters) return wasCut ? `${text}…` : text;
  return `${characters
    .slice(0, maxCharacters - 1)
    .join('')
    .trimEnd()}…`;
}

/** The first `maxCharacters` UTF-16 units, a character that would be cut in two left out. */
export function headOf(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text.toWellFormed();
  const head = text.slice(0, maxCharacters);
  const last = head.charCodeAt(head.length - 1);
  return (last >= 0xd800 && last <= 0xdbff ? head.slice(0, -1) : head).toWellFormed();
}

/** A bare reply. One that begins as JSON, or as a fence, and is none is half a reply. */
function withoutJson(reply: string): string | undefined {
  return /^\s*(\{|```)/.test(reply) ? undefined : reply;
}

function schemaOf(field: string): { readonly [key: string]: unknown } {
  return {
    type: 'object',
    properties: { [field]: { type: 'string' } },
    required: [field],
    additionalProperties: false,
  };
}
