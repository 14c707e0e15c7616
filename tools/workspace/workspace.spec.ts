/** What a reader of the documents and the build rely on, and no other tool checks. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

const projects = [
  'migrations',
  ...['apps', 'libs'].flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
].filter((path) => existsSync(join(root, path, 'package.json')));

interface Manifest {
  name: string;
  dependencies?: Record<string, string>;
  /** What a published package has compiled into it. */
  devDependencies?: Record<string, string>;
}

/** The build order comes from package.json alone, so what is missing there builds too late on some machine. */
describe.each(projects)('%s', (path) => {
  const manifest = JSON.parse(read(`${path}/package.json`)) as Manifest;
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter((name) =>
    name.startsWith('@parley/'),
  );
  const sources = (readdirSync(join(root, path, 'src'), { recursive: true }) as string[]).filter((name) =>
    name.endsWith('.ts'),
  );
  const importsOf = (names: readonly string[]): Set<string> =>
    new Set(
      names.flatMap((name) =>
        [...read(`${path}/src/${name}`).matchAll(/from '(@parley\/[\w-]+)'/g)].map(
          ([, imported]) => imported ?? '',
        ),
      ),
    );

  it('declares what its code imports', () => {
    const code = sources.filter((name) => !/\.(spec|testsuite)\.ts$|(^|\/)testing\//.test(name));
    const missing = [...importsOf(code)].filter((name) => name !== manifest.name && !declared.includes(name));
    expect(missing).toEqual([]);
  });
});

describe('ARCHITECTURE.md', () => {
  const text = read('ARCHITECTURE.md');
  const path = [...text.matchAll(/^\| (\d) +\| `([^`]+)`/gm)].map(([, number, file]) => ({
    number: Number(number),
    file: file ?? '',
  }));

  it('leads a message through six files', () => {
    expect(path.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each(path)(
    'has the file $number, $file, which says its number and the next file',
    ({ number, file }) => {
      const header = read(file).slice(0, 1_500);
      expect(header).toMatch(new RegExp(`\\b${number} of 6\\b`));
      const next = path.find((step) => step.number === number + 1);
      if (next !== undefined) expect(header).toContain(next.file);
    },
  );

  it('names every app and library', () => {
    const unnamed = projects.filter((project) => !text.includes(project.split('/').at(-1) ?? project));
    expect(unnamed).toEqual([]);
  });

  it('has at most 250 lines', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(250);
  });
});

describe('package-lock.json', () => {
  it('names no registry host', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http');
  });
});
