/**
 * How much of a tool result a model gets to see (`chat-api` section 9): a third of the context at three bytes a token, never under
 * 16 KB, 64 KB when the limit is unknown. Head and tail are kept, two to one, because the output of a command has its error at the end.
 */
const BYTES_PER_TOKEN = 3;
const CONTEXT_SHARE = 3;
const MIN_BYTES = 16 * 1024;
const UNKNOWN_CONTEXT_BYTES = 64 * 1024;

/** @param contextLimit tokens */
export function maxToolResultBytes(contextLimit: number | undefined): number {
  if (contextLimit === undefined || contextLimit <= 0) return UNKNOWN_CONTEXT_BYTES;
  return Math.max(MIN_BYTES, Math.floor((contextLimit * BYTES_PER_TOKEN) / CONTEXT_SHARE));
}

/** The text in at most `maxBytes` bytes of UTF-8, the marker not counted; characters stay whole. */
export function cutMiddle(text: string, maxBytes: number): string {
  // A UTF-16 unit has at most three bytes, so most texts need no count.
  if (text.length * 3 <= maxBytes) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  const headEnd = characterStart(bytes, Math.floor((maxBytes * 2) / 3));
  const tailStart = nextCharacterStart(bytes, bytes.length - (maxBytes - Math.floor((maxBytes * 2) / 3)));
  const cut = tailStart - headEnd;
  return `${bytes.toString('utf8', 0, headEnd)}\n\n[… ${cut} bytes cut out …]\n\n${bytes.toString('utf8', tailStart)}`;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

function characterStart(bytes: Buffer, at: number): number {
  let index = at;
  while (index > 0 && isContinuation(bytes[index])) index -= 1;
  return index;
}

function nextCharacterStart(bytes: Buffer, at: number): number {
  let index = at;
  while (index < bytes.length && isContinuation(bytes[index])) index += 1;
  return index;
}
