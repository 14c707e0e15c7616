/** A NATS with JetStream of our own on a free loopback port; its streams are thrown away at stop and survive a restart. */
import { join } from 'node:path';
import { findFreePort } from './free-port';
import { findProgram } from './programs/find-program';
import { createScratch, removeScratch } from './scratch';
import { commandAs, serverAccount } from './server-account';
import { ServerProcess } from './server-process';

export interface NatsServerOptions {
  /** Where programs fetched for a plain user are kept; see findProgram. */
  cacheDirectory?: string;
  /** Also answers on an HTTP port for monitoring: `/varz` and its kin. */
  isMonitored?: boolean;
}

export class NatsServer {
  private constructor(
    private readonly process: ServerProcess,
    private readonly scratch: string,
    private readonly monitorPort: number | undefined,
  ) {}

  /** Resolves when connections are accepted. Throws ServerStartError, ProgramMissingError. */
  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const { file, env } = await findProgram('nats-server', options.cacheDirectory);
    const account = serverAccount();
    const scratch = await createScratch('nats', account);
    try {
      const monitorPort = options.isMonitored === true ? await findFreePort() : undefined;
      const process = await ServerProcess.start({
        name: 'NATS',
        commandFor: (port) =>
          commandAs({
            file,
            args: [
              '--addr',
              '127.0.0.1',
              '--port',
              String(port),
              '--jetstream',
              '--store_dir',
              join(scratch, 'jetstream'),
              ...(monitorPort === undefined ? [] : ['--http_port', String(monitorPort)]),
            ],
            account,
            reach: [scratch],
            env,
          }),
        logFile: join(scratch, 'nats.log'),
        readyLine: /Server is ready/,
        stopSignal: 'SIGTERM',
        throwawayDirectory: scratch,
      });
      return new NatsServer(process, scratch, monitorPort);
    } catch (error) {
      await removeScratch(scratch);
      throw error;
    }
  }

  get url(): string {
    return `nats://127.0.0.1:${this.process.port}`;
  }

  /** Undefined when it is not monitored. */
  get monitorUrl(): string | undefined {
    return this.monitorPort === undefined ? undefined : `http://127.0.0.1:${this.monitorPort}`;
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

  /** The same port and streams. */
  restart(): Promise<void> {
    return this.process.restart();
  }
}
