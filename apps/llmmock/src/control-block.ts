import type { ControlInput } from './control';

const OPENING = '[[mock ';

/** The control block as it is written into a prompt. */
export function formatControlBlock(control: ControlInput): string {
  return `${OPENING}${JSON.stringify(control)}]]`;
}

/** The index just after the JSON object that starts at `start`; braces inside strings do not count. */
function endOfObject(text: string, start: number): number | undefined {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index += 1) {
    const character = text[index];
    if (inString) {
      if (character === '\\') index += 1;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === '{') depth += 1;
    else if (character === '}' && --depth === 0) return index + 1;
  }
  return undefined;
}

interface Found {
  readonly start: number;
  readonly end: number;
  readonly json: string;
}

/** The blocks in order. One that never closes swallows the rest of the text, so that its JSON error is reported. */
function findBlocks(text: string): Found[] {
  const blocks: Found[] = [];
  let from = 0;
  for (;;) {
    const start = text.indexOf(OPENING, from);
    if (start < 0) return blocks;
    let open = start + OPENING.length;
    while (text[open] === ' ') open += 1;
    if (text[open] !== '{') {
      from = open;
      continue;
    }
    const jsonEnd = endOfObject(text, open) ?? text.length;
    const close = text.indexOf(']]', jsonEnd);
    const end = close < 0 ? text.length : close + 2;
    blocks.push({ start, end, json: text.slice(open, close < 0 ? text.length : close).trimEnd() });
    from = end;
  }
}

export function hasControlBlock(text: string): boolean {
  return text.includes(OPENING);
}

/** The JSON of the last block in the text, unparsed; undefined if there is none. */
export function lastControlBlock(text: string): string | undefined {
  return hasControlBlock(text) ? findBlocks(text).at(-1)?.json : undefined;
}

const LEADING_KEY = /^\{\s*"key"\s*:\s*("(?:[^"\\]|\\.)*")/;

/** The keys of the blocks in the text, in order; blocks without one, or that are no JSON, have none. */
export function controlKeys(text: string): string[] {
  if (!hasControlBlock(text)) return [];
  return findBlocks(text).flatMap(({ json }) => {
    const key = keyOfBlock(json);
    return typeof key === 'string' ? [key] : [];
  });
}

/** Parsed, not cut out: a slice would keep the whole prompt in memory. */
function keyOfBlock(json: string): unknown {
  try {
    const leading = LEADING_KEY.exec(json)?.[1];
    return leading === undefined ? (JSON.parse(json) as { key?: unknown }).key : JSON.parse(leading);
  } catch {
    return undefined;
  }
}

/** The text as a person would read it: without control blocks. */
export function withoutControlBlocks(text: string): string {
  if (!hasControlBlock(text)) return text;
  let kept = '';
  let from = 0;
  for (const block of findBlocks(text)) {
    kept += text.slice(from, block.start);
    from = block.end;
  }
  return (kept + text.slice(from)).trim();
}
