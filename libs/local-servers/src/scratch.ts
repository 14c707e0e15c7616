import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerAccount } from './server-account';

/** A fresh directory for one server, owned by the account it runs under. */
export async function createScratch(name: string, account: ServerAccount | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `parley-${name}-`));
  await chmod(directory, 0o700);
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  return directory;
}

/** Removes it, with patience for children of a killed server that still write into it. */
export const removeScratch = (directory: string): Promise<void> =>
  rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
