/**
 * Makes `dist` what `npm pack` takes: the code as CommonJS and as ES modules, and the types of both. Run by `npm pack` and `npm publish`.
 *
 * The contracts are types only, and no package of their own: those that the client shows are written out in full, so that the types of
 * the package need neither the workspace nor the validator that the contracts are written with.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from '@swc/core';
import ts from 'typescript';

const root = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(root, 'dist');
const sources = readdirSync(join(root, 'src')).filter((name) => /(?<!\.spec)\.ts$/.test(name));
const paths = sources.map((name) => join(root, 'src', name));

const compilerOptions = {
  ...ts.parseJsonConfigFileContent(
    ts.readConfigFile(join(root, '../../tsconfig.base.json'), ts.sys.readFile).config,
    ts.sys,
    root,
  ).options,
  lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
  types: [],
  declaration: true,
  emitDeclarationOnly: true,
  noEmit: false,
};

/** `./other` as a module of the web names it. */
const withExtensions = (code) => code.replace(/(from\s+['"])(\.\/[\w-]+)(['"])/g, '$1$2.js$3');

function write(name, text) {
  mkdirSync(dirname(join(out, name)), { recursive: true });
  writeFileSync(join(out, name), text);
}

function writeCode() {
  for (const name of sources) {
    const source = readFileSync(join(root, 'src', name), 'utf8');
    for (const [type, folder] of [
      ['commonjs', ''],
      ['es6', 'esm/'],
    ]) {
      const { code } = transformSync(source, {
        swcrc: false,
        filename: name,
        jsc: { parser: { syntax: 'typescript' }, target: 'es2022', keepClassNames: true },
        module: { type },
      });
      const file = folder + name.replace(/\.ts$/, '.js');
      write(file, folder === '' ? code : withExtensions(code));
    }
  }
  write('esm/package.json', '{ "type": "module" }\n');
}

function writeTypes() {
  const program = ts.createProgram(paths, compilerOptions);
  const problems = ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file === undefined || paths.includes(file.fileName));
  if (problems.length > 0) throw new Error(ts.formatDiagnostics(problems, ts.createCompilerHost({})));
  const declarations = new Map();
  program.emit(undefined, (path, text) => {
    const name = path.split('/').at(-1);
    if (sources.includes(name.replace(/\.d\.ts$/, '.ts')) && dirname(path).endsWith('client/src'))
      declarations.set(
        name,
        text.replaceAll(`'@parley/contracts'`, `'./contracts'`).replace(/\n\/\/# source.*/, ''),
      );
  });
  declarations.set('contracts.d.ts', contractTypes(program));
  for (const [name, text] of declarations) {
    write(name, text);
    write(`esm/${name}`, withExtensions(text));
  }
}

/** Each type that the sources import from the contracts, or export from there, as the checker knows it. */
function contractTypes(program) {
  const checker = program.getTypeChecker();
  const types = new Map();
  const statements = paths.flatMap((path) => [...(program.getSourceFile(path)?.statements ?? [])]);
  for (const statement of statements) {
    if (statement.moduleSpecifier?.text !== '@parley/contracts') continue;
    const named = statement.exportClause ?? statement.importClause.namedBindings;
    for (const { name } of named.elements) {
      const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.InTypeAlias;
      types.set(name.text, checker.typeToString(checker.getTypeAtLocation(name), undefined, flags));
    }
  }
  const lines = [...types].sort().map(([name, text]) => `export type ${name} = ${text};\n`);
  return `/** The shapes of the API. */\n${lines.join('')}`;
}

rmSync(join(out, 'esm'), { recursive: true, force: true });
writeCode();
writeTypes();
