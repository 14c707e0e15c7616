/**
 * `npm start`, `npm run cluster`, `npm run demo`, `npm run migrate`, `npm run scaletest`: installs when needed, builds what
 * changed, and becomes the built program. What the program prints is all that reaches stdout, since a script may read it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, root } from './install.mjs';

const programs = {
  standalone: 'apps/standalone/dist/main.js',
  cluster: 'apps/standalone/dist/cluster/main.js',
  docs: 'apps/standalone/dist/docs/main.js',
  demo: 'apps/standalone/dist/demo/main.js',
  migrate: 'migrations/dist/main.js',
  scaletest: 'apps/scaletest/dist/main.js',
};

const [name, ...args] = process.argv.slice(2);
const program = programs[name];
if (program === undefined) {
  console.error(`Usage: node tools/start.mjs ${Object.keys(programs).join('|')} [flags]`);
  process.exit(2);
}
ensureInstalled();
build();
run();

function build() {
  const nx = join(root, 'node_modules/.bin/nx');
  const built = spawnSync(nx, ['run-many', '-t', 'build', '--outputStyle=static'], {
    cwd: root,
    env: { ...process.env, NX_DAEMON: 'false' },
    encoding: 'utf8',
  });
  if (built.status !== 0) {
    console.error(built.stdout, built.stderr);
    console.error('The build failed: see above.');
    process.exit(1);
  }
}

function run() {
  const child = spawn(process.execPath, [join(root, program), ...args], {
    stdio: 'inherit',
    // Where the command was given, so that relative paths mean what the caller meant.
    cwd: process.env.INIT_CWD ?? process.cwd(),
  });
  // `kill` reaches only us, so signals are passed on. A terminal sends Ctrl-C to the program as well, which takes both for one; it
  // decides when to leave.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? code : 1;
  });
}
