import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transformSync } from '@swc/core';
import { sourceStack } from './source-stack';

const SOURCE = `interface Shape { readonly side: number }

export function area(shape: Shape): number {
  if (shape.side < 0) throw new Error('negative');
  return shape.side ** 2;
}
`;

describe('A stack', () => {
  let directory: string;
  let built: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'source-stack-'));
    built = join(directory, 'area.js');
    const { code, map } = transformSync(SOURCE, {
      filename: 'area.ts',
      sourceMaps: true,
      module: { type: 'commonjs' },
      jsc: { parser: { syntax: 'typescript' }, target: 'es2022' },
    });
    writeFileSync(built, code);
    writeFileSync(`${built}.map`, map ?? '');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('names the lines of the sources, by path and by URL', () => {
    const lines = readFileSync(built, 'utf8').split('\n');
    const line = lines.findIndex((text) => text.includes('new Error')) + 1;
    const column = (lines[line - 1] ?? '').indexOf('new Error') + 1;
    const stack = `Error: negative\n    at area (${built}:${line}:${column})\n    at async file://${built}:${line}:${column}`;
    const source = `${join(directory, 'area.ts')}:4:29`;
    expect(sourceStack(stack)).toBe(`Error: negative\n    at area (${source})\n    at async ${source}`);
  });

  it('stays as it is where there is no map, or none that can be read', () => {
    const broken = join(directory, 'broken.js');
    writeFileSync(`${broken}.map`, '{');
    const stack = `Error: x\n    at a (${broken}:1:2)\n    at b (/nowhere/x.js:3:4)\n    at node:internal/x:1:1\n    at c (/a/b.ts:1:1)`;
    expect(sourceStack(stack)).toBe(stack);
  });
});
