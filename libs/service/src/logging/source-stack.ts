/**
 * Stacks in terms of the sources, by the maps that lie beside the built files, read when an error is logged. Node's own way
 * (`--enable-source-maps`) keeps the maps of every file in memory for good, 20 MB of a process.
 */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { LRUCache } from 'lru-cache';

/** The place of a frame in a built file: an absolute path or a file URL, line and column. */
const PLACE = /((?:file:\/\/)?\/[^():]+\.js):(\d+):(\d+)/g;
const MAX_KEPT_MAPS = 16;

const maps = new LRUCache<string, { map: SourceMap | null }>({ max: MAX_KEPT_MAPS });

/** The stack with the place of each frame in its source. Frames of files without a map, and whatever else it says, stay as they are. */
export function sourceStack(stack: string): string {
  return stack.replace(PLACE, (place, file: string, line: string, column: string) => {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    const entry = mapOf(path)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !('originalSource' in entry)) return place;
    return `${resolve(dirname(path), entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function mapOf(path: string): SourceMap | null {
  const kept = maps.get(path);
  if (kept !== undefined) return kept.map;
  const map = readMap(path);
  maps.set(path, { map });
  return map;
}

/** Null where there is none, or none that can be read: a stack as it is says more than another error. */
function readMap(path: string): SourceMap | null {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${path}.map`, 'utf8')) as SourceMapPayload);
  } catch {
    return null;
  }
}
