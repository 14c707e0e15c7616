/**
 * What a local Parley keeps between two starts, under `.parley/` unless told otherwise: the Postgres data, the key that encrypts
 * provider keys, and the credentials of the first user. Files with secrets are readable by their owner alone.
 */
import { ConfigError } from '@parley/service';
import { randomBytes } from 'node:crypto';
import { constants, existsSync } from 'node:fs';
import { access, mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

export interface Credentials {
  email: string;
  username: string;
  password: string;
  /** A long-lived API token, once it was made. */
  token?: string;
}

export class DataDirectory {
  private constructor(readonly path: string) {}

  /** Makes the directory when it is not there. @throws ConfigError */
  static async open(path: string): Promise<DataDirectory> {
    const absolute = resolve(path);
    try {
      await makeDirectory(absolute);
      await access(absolute, constants.W_OK | constants.X_OK);
    } catch {
      const allowed = 'a directory that can be made or written';
      throw new ConfigError([{ variable: 'PARLEY_DATA_DIR', was: JSON.stringify(absolute), allowed }]);
    }
    return new DataDirectory(absolute);
  }

  get postgres(): string {
    return join(this.path, 'postgres');
  }

  /** 32 bytes in base64, made at the first start. Losing it makes stored provider keys unreadable. */
  async encryptionKey(): Promise<string> {
    return this.readOrMake('encryption-key', () => randomBytes(32).toString('base64'));
  }

  async credentials(): Promise<Credentials> {
    const text = await this.readOrMake('credentials.json', () =>
      JSON.stringify({
        email: 'admin@parley.test',
        username: 'admin',
        password: randomBytes(12).toString('base64url'),
      } satisfies Credentials),
    );
    return JSON.parse(text) as Credentials;
  }

  async saveCredentials(credentials: Credentials): Promise<void> {
    await this.write('credentials.json', JSON.stringify(credentials));
  }

  private async readOrMake(name: string, make: () => string): Promise<string> {
    if (existsSync(join(this.path, name))) return (await readFile(join(this.path, name), 'utf8')).trim();
    const text = make();
    await this.write(name, text);
    return text;
  }

  /** Written beside and renamed, so that a crash leaves the old file or the new one. */
  private async write(name: string, text: string): Promise<void> {
    const path = join(this.path, name);
    await writeFile(`${path}.new`, `${text}\n`, { mode: 0o600 });
    await rename(`${path}.new`, path);
  }
}

/** Not mkdir's own recursion, which goes round for ever where nothing can be made, such as in /proc. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && (await stat(path)).isDirectory()) return;
    if (code !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path));
    await mkdir(path);
  }
}
