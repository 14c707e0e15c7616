/**
 * CPU profiles and heap snapshots of the services under load, for the browser's developer tools: a profile of ten seconds in the
 * middle of it, all services at once, then a snapshot of one after the other. Both disturb what is measured, so the figures of
 * such a run are not for comparison.
 */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';

const SETTLE_MS = 3_000;
const PROFILE_SECONDS = 10;

export interface DiagnosisOptions {
  readonly directory: string;
  /** The addresses of the services by group; each must run with DEBUG_ENDPOINTS=true and be on this machine. */
  readonly serviceUrls: Readonly<Record<string, readonly string[]>>;
  readonly signal: AbortSignal;
  /** Waits so long for the load to be under way; default 3 s. */
  readonly settleMs?: number;
  readonly say: (line: string) => void;
}

/** Resolves when all is written, or the run was stopped. @throws Error naming the service that refused */
export async function diagnose(options: DiagnosisOptions): Promise<void> {
  const { directory, serviceUrls, signal, settleMs = SETTLE_MS, say } = options;
  await mkdir(directory, { recursive: true });
  const services = Object.entries(serviceUrls).flatMap(([group, urls]) =>
    urls.map((url, index) => ({ url, path: join(directory, `${group}-${index + 1}`) })),
  );
  await delay(settleMs, undefined, { signal }).catch(() => undefined);
  if (signal.aborted) return;
  await Promise.all(
    services.map(({ url, path }) =>
      save({ url: `${url}/debug/profile?seconds=${PROFILE_SECONDS}`, file: `${path}.cpuprofile`, signal }),
    ),
  );
  for (const { url, path } of services) {
    await save({ url: `${url}/debug/heap-snapshot`, file: `${path}.heapsnapshot`, signal });
  }
  say(`CPU profiles and heap snapshots are in ${directory}`);
}

async function save({
  url,
  file,
  signal,
}: {
  url: string;
  file: string;
  signal: AbortSignal;
}): Promise<void> {
  const response = await fetch(url, { method: 'POST', signal });
  if (!response.ok || response.body === null) {
    throw new Error(`${url} answered ${response.status}: the service needs DEBUG_ENDPOINTS=true`);
  }
  await pipeline(Readable.fromWeb(response.body), createWriteStream(file), { signal });
}
