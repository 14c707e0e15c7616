/** Nest's own messages, and those of its `Logger`, through ours. Nest passes the context as the last parameter, a stack before it. */
import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger';

type NestLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  /** What Nest logs at each start (routes, modules) is of interest only while debugging. */
  log(message: unknown, ...parameters: unknown[]): void {
    this.write('debug', message, parameters);
  }
  error(message: unknown, ...parameters: unknown[]): void {
    this.write('error', message, parameters);
  }
  warn(message: unknown, ...parameters: unknown[]): void {
    this.write('warn', message, parameters);
  }
  debug(message: unknown, ...parameters: unknown[]): void {
    this.write('debug', message, parameters);
  }
  verbose(message: unknown, ...parameters: unknown[]): void {
    this.write('trace', message, parameters);
  }
  fatal(message: unknown, ...parameters: unknown[]): void {
    this.write('fatal', message, parameters);
  }

  private write(level: NestLevel, message: unknown, parameters: readonly unknown[]): void {
    const context = typeof parameters.at(-1) === 'string' ? parameters.at(-1) : undefined;
    const stack = parameters.length > 1 && typeof parameters[0] === 'string' ? parameters[0] : undefined;
    const fields = { ...(context !== undefined && { context }), ...(stack !== undefined && { stack }) };
    if (message instanceof Error) this.logger[level]({ ...fields, err: message }, message.message);
    else if (typeof message === 'string') this.logger[level](fields, message);
    else this.logger[level]({ ...fields, detail: message }, 'Nest');
  }
}
