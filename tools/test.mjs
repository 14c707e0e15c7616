/** `npm test [-- paths and jest's flags]`: installs when needed, then runs jest on the sources, without a build. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureInstalled, root } from './install.mjs';

ensureInstalled();
const jest = spawn(
  process.execPath,
  [join(root, 'node_modules/jest/bin/jest.js'), ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
// A terminal sends Ctrl-C to jest as well; it decides when to leave, and stops its servers first.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => jest.kill('SIGTERM'));
jest.on('error', (error) => {
  console.error(error);
  process.exitCode = 1;
});
jest.on('exit', (code, signal) => {
  if (signal !== null) console.error(`jest was ended by ${signal}`);
  process.exitCode = code ?? 1;
});
