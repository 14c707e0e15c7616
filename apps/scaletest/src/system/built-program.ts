/** The built entry of one of our own programs, run as a process of its own. */
import { ServerProcess } from '@parley/local-servers';

export interface BuiltProgram {
  readonly name: string;
  /** Of the workspace, such as `@parley/llmmock`. */
  readonly packageName: string;
  readonly argsFor: (port: number) => readonly string[];
  readonly envFor: (port: number) => Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly readyLine: RegExp;
}

/** The path of a package's built main, whether we run from source or built ourselves. */
export function builtMain(packageName: string): string {
  return require
    .resolve(packageName)
    .replace(/index\.(js|ts)$/, 'main.js')
    .replace('/src/', '/dist/');
}

/** @throws ServerStartError */
export function startBuiltProgram(program: BuiltProgram): Promise<ServerProcess> {
  return ServerProcess.start({
    name: program.name,
    commandFor: (port) => ({
      file: process.execPath,
      args: [builtMain(program.packageName), ...program.argsFor(port)],
      env: { ...program.envFor(port) },
      identity: {},
    }),
    logFile: program.logFile,
    readyLine: program.readyLine,
    stopSignal: 'SIGTERM',
    throwawayDirectory: undefined,
  });
}
