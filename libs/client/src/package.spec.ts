/** The package as `npm pack` makes it, used by programs that have nothing of this workspace. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const library = join(__dirname, '..');
const modules = join(library, '../../node_modules');

describe('The packed client', () => {
  let work: string;
  let consumer: string;
  let files: string[];

  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'parley-client-'));
    const built = join(work, 'client');
    mkdirSync(built);
    for (const file of ['package.json', 'README.md']) cpSync(join(library, file), join(built, file));
    execFileSync(process.execPath, [join(library, 'build-package.mjs'), join(built, 'dist')]);
    const packed = execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--silent'], { cwd: built });
    const [{ filename, files: list }] = JSON.parse(packed.toString()) as [
      { filename: string; files: { path: string }[] },
    ];
    files = list.map(({ path }) => path);
    consumer = join(work, 'consumer');
    const installed = join(consumer, 'node_modules/@parley/client');
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(built, filename), '-C', installed, '--strip-components=1']);
    const dependency = 'eventsource-parser';
    symlinkSync(join(modules, dependency), join(consumer, 'node_modules', dependency));
  }, 180_000);
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  const installed = (path: string): string =>
    readFileSync(join(consumer, 'node_modules/@parley/client', path), 'utf8');

  it('holds code for both module systems with their types, a README, and nothing of the workspace', () => {
    for (const file of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/esm/index.js',
      'dist/esm/index.d.ts',
      'README.md',
    ])
      expect(files).toContain(file);
    expect(files.filter((file) => /\.spec\.|^src|\.map$/.test(file))).toEqual([]);
    const manifest = JSON.parse(installed('package.json')) as { private?: boolean; dependencies: object };
    expect(manifest.private).toBeUndefined();
    expect(Object.keys(manifest.dependencies)).toEqual(['eventsource-parser']);
    for (const file of files.filter((path) => /\.(js|d\.ts)$/.test(path)))
      expect(
        `${file}: ${/from '(@parley\/|zod)|require\("@parley/.exec(installed(file))?.[0] ?? 'clean'}`,
      ).toBe(`${file}: clean`);
  });

  it.each([
    ['CommonJS', 'main.cjs', `const client = require('@parley/client');`],
    ['ES modules', 'main.mjs', `import * as client from '@parley/client';`],
  ])('works with %s', (_name, file, load) => {
    writeFileSync(
      join(consumer, file),
      `${load}\nconsole.log(new client.ParleyClient({ baseUrl: 'http://x/' }).baseUrl, typeof client.followChat);`,
    );
    const printed = execFileSync(process.execPath, [file], { cwd: consumer }).toString();
    expect(printed).toBe('http://x function\n');
  });

  it('has types that stand alone, and that the example of its README fits', () => {
    const [, example = ''] = /```ts\n([\s\S]*?)```/.exec(installed('README.md')) ?? [];
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
    writeFileSync(
      join(consumer, 'example.mts'),
      `declare const process: { env: { PARLEY_TOKEN: string } };\n${example}`,
    );
    const wrong = `import { followChat } from '@parley/client';\nfollowChat(1);\n`;
    writeFileSync(join(consumer, 'wrong.cts'), wrong);
    const flags = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--types', ''];
    const check = (file: string): string => {
      try {
        const compiler = join(modules, 'typescript-7/bin/tsc');
        return execFileSync(process.execPath, [compiler, ...flags, file], { cwd: consumer }).toString();
      } catch (error) {
        return (error as { stdout: Buffer }).stdout.toString();
      }
    };
    expect(check('example.mts')).toBe('');
    expect(check('wrong.cts')).toMatch(/^wrong\.cts\(2,1\)/);
  }, 180_000);
});
