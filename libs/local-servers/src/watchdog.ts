/**
 * No server outlives the process that started it, however that process ends. Signal handlers cannot promise this
 * (nobody handles SIGKILL), and "tell me when my parent dies" exists on Linux only. A pipe can: beside each server runs a
 * shell that reads from a pipe whose other end only we hold. When we go, for whatever reason, the read ends, and the
 * shell stops the server and removes its throwaway directory. A line on the pipe tells it to leave both alone.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';

const script = `
read -r line && exit 0
kill -"$1" "$2" 2>/dev/null
tries=0
while kill -0 "$2" 2>/dev/null && [ "$tries" -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
kill -KILL "$2" 2>/dev/null
if [ -n "$3" ]; then rm -rf "$3" || { sleep 1; rm -rf "$3"; }; fi
`;

export interface Watched {
  pid: number;
  signal: 'INT' | 'TERM';
  /** Removed together with the server; undefined keeps everything. */
  directory: string | undefined;
}

export class Watchdog {
  private constructor(private readonly shell: ChildProcess) {}

  static over(watched: Watched): Watchdog {
    const shell = spawn(
      '/bin/sh',
      ['-c', script, 'watchdog', watched.signal, String(watched.pid), watched.directory ?? ''],
      {
        // Its own session: Ctrl-C in a terminal must not reach the watchdog before it reaches us.
        detached: true,
        stdio: ['pipe', 'ignore', 'ignore'],
        cwd: '/',
      },
    );
    shell.on('error', () => undefined);
    shell.stdin?.on('error', () => undefined);
    shell.unref();
    (shell.stdin as Socket | null)?.unref();
    return new Watchdog(shell);
  }

  /** Call when the server has gone, or is about to be stopped by us. Resolves when the shell has left. */
  async standDown(): Promise<void> {
    if (this.shell.exitCode !== null || this.shell.signalCode !== null || this.shell.pid === undefined)
      return;
    this.shell.ref();
    const left = once(this.shell, 'exit');
    this.shell.stdin?.end('done\n');
    await left;
  }
}
