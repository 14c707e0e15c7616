import type { BusLogger } from './bus';

/** For callers that gave no logger. */
export const silentLogger: BusLogger = {
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
