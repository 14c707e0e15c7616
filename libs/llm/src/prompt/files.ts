/**
 * Files in a prompt. Images and PDFs go as they are, text-like files become text, what is gone or cannot be shown is named instead:
 * a user's sentence about a file must not dangle.
 */
import type { FilePart, FileReferencePart } from '@parley/contracts';
import type { PromptFile, PromptText } from '../model-client';

/** A stored file's content, or undefined when it is gone. */
export type ReadFile = (fileId: string) => { readonly mediaType: string; readonly data: string } | undefined;

export const IMAGE_TYPES = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];
const PDF_TYPE = 'application/pdf';
const MAX_INLINED_CHARACTERS = 128 * 1024;

/** Base64 of a native file or text; undefined when the file is gone. */
export function fileForPrompt(part: FilePart, readFile: ReadFile): PromptFile | PromptText | undefined {
  const stored = part.data === undefined && part.file_id !== undefined ? readFile(part.file_id) : undefined;
  const data = part.data ?? stored?.data;
  if (data === undefined || data === '') return undefined;
  const mediaType = (stored?.mediaType ?? part.media_type).toLowerCase().split(';')[0]?.trim() ?? '';
  const name = part.name?.toWellFormed();
  if (isNative(mediaType, data))
    return { type: 'file', mediaType, data, ...(name !== undefined && { name }) };
  if (isTextLike(mediaType)) return inlined(name ?? 'file', Buffer.from(data, 'base64').toString('utf8'));
  return {
    type: 'text',
    text: `[The file ${quote(name ?? 'without a name')} of type ${mediaType} cannot be shown to the model.]`,
  };
}

/** The beginning of a text file that came with the message; empty for any other file. */
export function textOfFile(part: FilePart, maxCharacters: number): string {
  const mediaType = part.media_type.toLowerCase().split(';')[0]?.trim() ?? '';
  if (part.data === undefined || !isTextLike(mediaType)) return '';
  // No character has more than 4 bytes, and 4 characters of base64 are 3 of them.
  const text = Buffer.from(part.data.slice(0, maxCharacters * 6), 'base64').toString('utf8');
  return text.slice(0, maxCharacters).toWellFormed();
}

/** What stands in a user's message for a file that is gone. */
export function missingFile(part: FilePart): PromptText {
  return { type: 'text', text: `[The file ${quote(part.name ?? 'without a name')} is no longer available.]` };
}

/** A review comment's place in a file, as text. */
export function fileReferenceText(part: FileReferencePart): string {
  const lines =
    part.start_line === part.end_line ? `${part.start_line}` : `${part.start_line}-${part.end_line}`;
  return `[${part.file_name}:${lines}]\n${part.content}`.toWellFormed();
}

/** True when the bytes are what the type says, so that the provider will not refuse the whole request for them. */
export function isNative(mediaType: string, base64: string): boolean {
  if (!isBase64(base64)) return false;
  const head = Buffer.from(base64.slice(0, 24), 'base64').toString('latin1');
  switch (mediaType) {
    case PDF_TYPE:
      return head.startsWith('%PDF-');
    case 'image/png':
      return head.startsWith('\x89PNG\r\n\x1a\n');
    case 'image/jpeg':
      return head.startsWith('\xff\xd8\xff');
    case 'image/gif':
      return head.startsWith('GIF8');
    case 'image/webp':
      return head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP';
    default:
      return false;
  }
}

function isBase64(text: string): boolean {
  return text.length > 0 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text);
}

function isTextLike(mediaType: string): boolean {
  return (
    mediaType.startsWith('text/') ||
    /^application\/(.+\+)?(json|xml|yaml|x-yaml|toml|javascript)$/.test(mediaType)
  );
}

function inlined(name: string, text: string): PromptText {
  const shown = text.slice(0, MAX_INLINED_CHARACTERS).toWellFormed();
  const note = text.length > MAX_INLINED_CHARACTERS ? '\n[… cut …]' : '';
  return { type: 'text', text: `<file name=${quote(name)}>\n${shown}${note}\n</file>` };
}

function quote(name: string): string {
  return JSON.stringify(name.toWellFormed());
}
