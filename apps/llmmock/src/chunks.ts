function isInsidePair(text: string, index: number): boolean {
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

/** Cuts a text into pieces of `size` UTF-16 units that joined are the text; surrogate pairs stay whole. */
export function chunksOfSize(text: string, size: number): string[] {
  const chunks: string[] = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(from + size, text.length);
    if (to < text.length && isInsidePair(text, to)) to += 1;
    chunks.push(text.slice(from, to));
    from = to;
  }
  return chunks;
}

/** Cuts a text into `count` pieces of nearly equal length, or fewer when the text is shorter than that. */
export function chunksOfCount(text: string, count: number): string[] {
  const chunks: string[] = [];
  let from = 0;
  for (let index = 1; index <= count && from < text.length; index += 1) {
    let to = Math.max(from + 1, Math.round((text.length * index) / count));
    if (index === count) to = text.length;
    else if (to < text.length && isInsidePair(text, to)) to += 1;
    chunks.push(text.slice(from, to));
    from = to;
  }
  return chunks;
}
