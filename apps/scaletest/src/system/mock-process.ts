/** The mock as a process of its own, so that what it costs is not taken for the platform's or the generator's cost. */
import { join } from 'node:path';
import type { ServerProcess } from '@parley/local-servers';
import { startBuiltProgram } from './built-program';

const MIB = 1024 * 1024;
const BYTES_PER_ENTRY = 4_000;
const MIN_ENTRIES = 50_000;
const MAX_LEDGER_BYTES = 4096 * MIB;

/** @param ledgerEntries how many requests it has to remember */
export function startMock(logDirectory: string, ledgerEntries: number): Promise<ServerProcess> {
  const entries = Math.max(MIN_ENTRIES, ledgerEntries);
  return startBuiltProgram({
    name: 'the mock',
    packageName: '@parley/llmmock',
    argsFor: (port) => [
      '--port',
      String(port),
      '--chunk-delay',
      '0',
      '--ledger-entries',
      String(entries),
      '--ledger-bytes',
      String(Math.min(MAX_LEDGER_BYTES, Math.max(64 * MIB, entries * BYTES_PER_ENTRY))),
    ],
    envFor: () => ({ NODE_ENV: 'production' }),
    logFile: join(logDirectory, 'llmmock.log'),
    readyLine: /Fakes the three model APIs/,
  });
}
