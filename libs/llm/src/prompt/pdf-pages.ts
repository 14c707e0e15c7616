/**
 * How many pages a PDF has, without reading all of it (ISO 32000-1, 7.7.3): the count in its page tree, or the number of its page
 * objects, whichever is smaller, since updated files keep objects that no longer count. Objects in compressed streams are inflated.
 * An estimate for a limit, not a parser: undefined for what it cannot tell (encrypted or broken files).
 */
import { inflateSync } from 'node:zlib';

const PAGE = /\/Type\s*\/Page(?![A-Za-z])/g;
const PAGE_TREE = /\/Type\s*\/Pages(?![A-Za-z])/g;
const COUNT = /\/Count\s+(\d{1,9})/g;
const OBJECT_STREAM = /\/Type\s*\/ObjStm[\s\S]{0,500}?stream\r?\n/g;

/** A node of the page tree lists its children, up to some hundreds, between its type and its count. */
const NODE_CHARACTERS = 8_000;
const MAX_NODES = 200;
const MAX_STREAMS = 2_000;
const MAX_INFLATED_BYTES = 16 * 1024 * 1024;

export function countPdfPages(pdf: Buffer): number | undefined {
  const text = pdf.toString('latin1');
  const texts = [text, ...inflated(pdf, text)];
  const objects = texts.reduce((sum, one) => sum + (one.match(PAGE)?.length ?? 0), 0);
  const counted = texts.reduce((most, one) => Math.max(most, countOfTree(one)), 0);
  const known = [objects, counted].filter((pages) => pages > 0);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** The largest count of a node, which is the root's. 0: there is none. */
function countOfTree(text: string): number {
  let most = 0;
  let nodes = 0;
  for (const { index } of text.matchAll(PAGE_TREE)) {
    const node = text.slice(Math.max(0, index - NODE_CHARACTERS), index + NODE_CHARACTERS);
    for (const match of node.matchAll(COUNT)) most = Math.max(most, Number(match[1]));
    if ((nodes += 1) === MAX_NODES) break;
  }
  return most;
}

function inflated(pdf: Buffer, text: string): string[] {
  const found: string[] = [];
  let left = MAX_INFLATED_BYTES;
  for (const match of text.matchAll(OBJECT_STREAM)) {
    if (found.length >= MAX_STREAMS || left <= 0) break;
    try {
      const bytes = inflateSync(pdf.subarray(match.index + match[0].length), { maxOutputLength: left });
      left -= bytes.length;
      found.push(bytes.toString('latin1'));
    } catch {
      // Another encoding, encrypted, or larger than what is left: not told by this stream.
    }
  }
  return found;
}
