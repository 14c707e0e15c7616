import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { STATUS_OF_CODE } from './error-status';

const LIBS = join(__dirname, '../../../../libs');
/** Codes of libraries that the gateway does not use, or that never leave a process through it. */
const NOT_OURS = new Set(['local-servers', 'testing', 'client']);
/** `readonly code = 'x'`, the way our error classes carry their code. */
const CODE = /readonly code(?:: [^=]+)? = '([a-z0-9_]+)'/g;

function sourcesUnder(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return sourcesUnder(path);
    return /(?<!\.spec)\.ts$/.test(entry.name) ? [readFileSync(path, 'utf8')] : [];
  });
}

const codes = readdirSync(LIBS)
  .filter((lib) => !NOT_OURS.has(lib))
  .flatMap((lib) => sourcesUnder(join(LIBS, lib, 'src')))
  .flatMap((source) => [...source.matchAll(CODE)].map(([, code]) => code));

describe('statuses of error codes', () => {
  test('every code in the sources of our libraries has a status, and no other has', () => {
    expect(codes.length).toBeGreaterThan(10);
    expect(Object.keys(STATUS_OF_CODE).sort()).toEqual([...new Set(codes)].sort());
  });
});
