import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectory } from './data-directory';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-data-'));
});
afterEach(() => rm(root, { recursive: true }));

it('is made with all that is above it, and opened again with what is in it', async () => {
  const path = join(root, 'one/two');
  const { email, password } = await (await DataDirectory.open(path)).credentials();
  expect(await (await DataDirectory.open(path)).credentials()).toMatchObject({ email, password });
});

it.each(['/proc/x', '/proc/x/y', '/dev/null', '/dev/null/x', 'a-file', 'a-file/x'])(
  'where none can be, as in %s, the variable is named at once',
  async (path) => {
    await writeFile(join(root, 'a-file'), '', { mode: 0o755 });
    await expect(DataDirectory.open(join(path.startsWith('/') ? '/' : root, path))).rejects.toMatchObject({
      problems: [{ variable: 'PARLEY_DATA_DIR' }],
    });
  },
);
