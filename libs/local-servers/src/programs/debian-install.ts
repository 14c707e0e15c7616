/**
 * Installs packages as root without letting them start their services: we run our own on our own ports. Debian asks
 * /usr/sbin/policy-rc.d whether services may start; ours says no, exists for the time of the installation only, and is
 * removed by the same shell, which runs in its own session and so outlives a Ctrl-C. An existing policy is respected.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

const script = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' INT TERM HUP
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
install() { apt-get install -qq -y --no-install-recommends -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 "$@"; }
install "$@" >/dev/null 2>&1 || { apt-get update -qq && install "$@"; }
`;

const timeoutMs = 300_000;

/** Throws with apt's own words when it fails. */
export async function installDebianPackages(packages: readonly string[]): Promise<void> {
  const setsid = ['setsid', '--wait', '/bin/sh', '-c', script, 'install', ...packages];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  try {
    await run('/usr/bin/env', setsid, { env, timeout: timeoutMs });
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(stderr?.trim() || message);
  }
}
