/**
 * A Redis of our own on a free loopback port. It keeps everything in memory only, as deployments use it: a restart is an
 * empty store, and what lives in it must bear that.
 */
import { join } from 'node:path';
import { findProgram } from './programs/find-program';
import { createScratch, removeScratch } from './scratch';
import { commandAs, serverAccount } from './server-account';
import { ServerProcess } from './server-process';

export interface RedisServerOptions {
  /** Where programs fetched for a plain user are kept; see findProgram. */
  cacheDirectory?: string;
}

export class RedisServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly scratch: string,
  ) {}

  /** Resolves when connections are accepted. Throws ServerStartError, ProgramMissingError. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const { file, env } = await findProgram('redis-server', options.cacheDirectory);
    const account = serverAccount();
    const scratch = await createScratch('redis', account);
    try {
      const process = await ServerProcess.start({
        name: 'Redis',
        commandFor: (port) =>
          commandAs({
            file,
            args: [
              '--bind',
              '127.0.0.1',
              '--port',
              String(port),
              '--save',
              '',
              '--appendonly',
              'no',
              '--dir',
              scratch,
            ],
            account,
            reach: [scratch],
            env,
          }),
        logFile: join(scratch, 'redis.log'),
        readyLine: /Ready to accept connections/,
        stopSignal: 'SIGTERM',
        throwawayDirectory: scratch,
      });
      return new RedisServer(process, scratch);
    } catch (error) {
      await removeScratch(scratch);
      throw error;
    }
  }

  get url(): string {
    return `redis://127.0.0.1:${this.process.port}`;
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.process.pid;
  }

  async stop(): Promise<void> {
    await this.process.stop();
    await removeScratch(this.scratch);
  }

  /** SIGKILL, as a crash would be. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** The same port, empty. */
  restart(): Promise<void> {
    return this.process.restart();
  }
}
