/**
 * Stored tool results as a model reads them: JSON text of bounded size, or media beside a text.
 *
 * Each step of a turn sends all results again, and most of building a prompt would be parsing and writing them anew. So what was made of
 * a part is kept for as long as the part itself is: in the worker that is its bounded cache of transcripts, which counts two bytes a
 * character where these texts mostly take one, and so leaves room for both.
 */
import type { ToolResultPart } from '@parley/contracts';
import { isJsonObject, parseJson, stringAt } from '../json';
import type { PromptToolResult } from '../model-client';
import { cutMiddle } from './cut-text';
import { IMAGE_TYPES, isNative } from './files';

export type ResultContent = Pick<PromptToolResult, 'text' | 'media' | 'isError'>;

interface Made {
  readonly maxBytes: number;
  readonly content: ResultContent;
}

const madeOf = new WeakMap<ToolResultPart, Made>();

/** @param part is not changed after it was seen here @param maxBytes of the text */
export function resultContent(part: ToolResultPart, maxBytes: number): ResultContent {
  const made = madeOf.get(part);
  if (made?.maxBytes === maxBytes) return made.content;
  const content = makeContent(part, maxBytes);
  madeOf.set(part, { maxBytes, content });
  return content;
}

function makeContent(part: ToolResultPart, maxBytes: number): ResultContent {
  const isError = part.is_error ?? false;
  const media = part.is_media === true ? readMedia(part.result) : undefined;
  if (media !== undefined) return { ...media, text: cutMiddle(media.text.toWellFormed(), maxBytes), isError };
  return { text: cutMiddle(resultText(part.result, isError).toWellFormed(), maxBytes), isError };
}

/** What a call gets whose result was never stored. */
export const MISSING_RESULT: ResultContent = {
  text: JSON.stringify({ error: 'The result of this call is missing: it was interrupted or lost.' }),
  isError: true,
};

function resultText(result: unknown, isError: boolean): string {
  if (isError)
    return JSON.stringify(
      isJsonObject(result) && 'error' in result ? result : { error: result ?? 'unknown error' },
    );
  if (result === undefined || result === null || result === '') return '{}';
  if (typeof result !== 'string') return JSON.stringify(result);
  return parseJson(result) === undefined ? JSON.stringify({ output: result }) : result;
}

/** Undefined when the data is not what it claims to be: then it goes as text like any other result. */
function readMedia(
  result: unknown,
): { text: string; media: NonNullable<PromptToolResult['media']> } | undefined {
  const data = stringAt(result, 'data');
  const mediaType = stringAt(result, 'mime_type')?.toLowerCase();
  if (data === undefined || mediaType === undefined) return undefined;
  if (!(IMAGE_TYPES.includes(mediaType) || mediaType === 'application/pdf') || !isNative(mediaType, data))
    return undefined;
  return { text: stringAt(result, 'text') ?? '', media: { type: 'file', mediaType, data } };
}
