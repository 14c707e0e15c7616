/**
 * A service whose configuration is read before anything else: what a main() of an app is, but for its parts. A bad value stops the
 * boot in one line that names the variable.
 *
 * The life of the process ("Ready", "Stopped", why it could not start) is always logged: whoever started it waits for these
 * lines. What the service itself logs follows LOG_LEVEL.
 */
import type { ConfigOf, ConfigSchema, Setting } from '../config/define-config';
import { loadConfig } from '../config/load-config';
import { createLogger, type LoggerOptions, type LogLevel } from '../logging/logger';
import { boundHeapGrowth } from './heap-growth';
import { runService, type ServiceContext } from './run-service';
import type { ServiceHost } from './service-host';

export type ServiceConfigSchema = ConfigSchema & { readonly LOG_LEVEL: Setting<LogLevel> };

export interface ConfiguredServiceOptions<Schema extends ServiceConfigSchema> {
  readonly name: string;
  readonly schema: Schema;
  /** Resolves when the service works. Rejecting stops the process. */
  readonly start: (config: ConfigOf<Schema>, context: ServiceContext) => Promise<void>;
  /** The hard limit of a stop; see runService for the default. */
  readonly stopTimeoutMs?: (config: ConfigOf<Schema>) => number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly destination?: LoggerOptions['destination'];
  readonly host?: ServiceHost;
}

/** Runs the service; resolves with the exit code it gave to the host. */
export function runConfiguredService<Schema extends ServiceConfigSchema>(
  options: ConfiguredServiceOptions<Schema>,
): Promise<number> {
  boundHeapGrowth();
  const { name, host } = options;
  const logging = {
    name,
    ...(options.destination === undefined ? {} : { destination: options.destination }),
  };
  const logger = createLogger({ ...logging, level: 'info' });
  const life = { name, logger, ...(host === undefined ? {} : { host }) };
  let config: ConfigOf<Schema>;
  try {
    config = loadConfig(options.schema, {
      warn: (message) => logger.warn(message),
      ...(options.env === undefined ? {} : { env: options.env }),
    });
  } catch (error) {
    const refused = error instanceof Error ? error : new Error(String(error));
    return runService({ ...life, start: () => Promise.reject(refused) });
  }
  const { logLevel } = config as ConfigOf<{ LOG_LEVEL: Setting<LogLevel> }>;
  const ownLogger = createLogger({ ...logging, level: logLevel });
  const stopTimeoutMs = options.stopTimeoutMs?.(config);
  return runService({
    ...life,
    ...(stopTimeoutMs === undefined ? {} : { stopTimeoutMs }),
    start: (context) => options.start(config, { ...context, logger: ownLogger }),
  });
}
