/** The whole-system suites run what users run: the built programs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

export const root = join(__dirname, '../../../..');

/** Builds what changed; quick when nothing did. */
export function ensureBuilt(): void {
  const nx = join(root, 'node_modules/.bin/nx');
  const built = spawnSync(nx, ['run-many', '-t', 'build', '--outputStyle=static'], {
    cwd: root,
    env: { ...process.env, NX_DAEMON: 'false' },
    encoding: 'utf8',
  });
  if (built.status !== 0) throw new Error(`The build failed:\n${built.stdout}\n${built.stderr}`);
}
