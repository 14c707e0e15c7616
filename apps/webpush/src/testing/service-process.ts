/** Webpush and the chat worker as real processes, from their sources, so that a test can kill them. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const checkout = join(__dirname, '../../../..');

/** Compiles each source when it is required. */
const running = (main: string): string => `
  const { transformFileSync } = require('@swc/core');
  const options = { configFile: ${JSON.stringify(join(checkout, '.swcrc'))}, sourceMaps: false };
  require.extensions['.ts'] = (module, file) => module._compile(transformFileSync(file, options).code, file);
  require(${JSON.stringify(join(checkout, 'apps', main))});
`;

export interface ServiceProcess {
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Resolves when it is ready. */
export async function startProcess(
  app: 'webpush' | 'chat-worker',
  env: Readonly<Record<string, string>>,
): Promise<ServiceProcess> {
  const child = spawnSource(`${app}/src/main.ts`, { HOST: '127.0.0.1', PORT: '0', ...env });
  await ready(child);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    const [code] = (await once(child, 'exit')) as [number | null];
    return code;
  };
  return { kill: async () => void (await end('SIGKILL')), stop: () => end('SIGTERM') };
}

/** Runs the command that replaces the key; resolves with its exit code. */
export async function replaceKey(env: Readonly<Record<string, string>>): Promise<number | null> {
  const [code] = (await once(spawnSource('webpush/src/replace-key.ts', env), 'exit')) as [number | null];
  return code;
}

function spawnSource(main: string, env: Readonly<Record<string, string>>): ChildProcess {
  return spawn(process.execPath, ['--conditions=@parley/source', '-e', running(main)], {
    cwd: checkout,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ready(child: ChildProcess): Promise<void> {
  const lines: string[] = [];
  const { stdout } = child;
  if (stdout === null) throw new Error('no output');
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: stdout }).on('line', (line) => {
      lines.push(line);
      if (line.includes('"msg":"Ready"')) resolve();
    });
    child.once('exit', () => reject(new Error(`It did not start:\n${lines.join('\n')}`)));
  });
}
