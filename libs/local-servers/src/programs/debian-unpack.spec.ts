import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackedProgram } from './debian-unpack';

describe('unpackedProgram', () => {
  let cache = '';
  beforeEach(async () => {
    cache = await mkdtemp(join(tmpdir(), 'parley-spec-'));
  });
  afterEach(() => rm(cache, { recursive: true, force: true }));

  it('finds nothing in an empty cache', () => {
    expect(unpackedProgram('nats-server', 'servers', cache)).toBeUndefined();
  });

  it('finds a program with the libraries that came beside it', async () => {
    const root = join(cache, `debian-${process.arch}-servers`);
    for (const directory of [
      'usr/sbin',
      'usr/lib/x86_64-linux-gnu',
      'lib/x86_64-linux-gnu',
      'usr/lib/systemd',
    ]) {
      await mkdir(join(root, directory), { recursive: true });
    }
    await writeFile(join(root, 'usr/sbin/nats-server'), '', { mode: 0o755 });
    expect(unpackedProgram('nats-server', 'servers', cache)).toEqual({
      file: join(root, 'usr/sbin/nats-server'),
      env: {
        LD_LIBRARY_PATH: `${join(root, 'usr/lib/x86_64-linux-gnu')}:${join(root, 'lib/x86_64-linux-gnu')}`,
      },
    });
  });
});
