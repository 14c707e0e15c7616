/** What a service needs from the process it lives in, so that tests can be that process. */
export interface ServiceHost {
  /** Calls the listener for every SIGTERM and SIGINT. */
  onSignal(listener: (signal: string) => void): void;
  /** Calls the listener for every uncaught exception and unhandled rejection. */
  onUncaught(listener: (error: unknown) => void): void;
  exit(code: number): void;
}

export const processHost: ServiceHost = {
  onSignal(listener) {
    process.on('SIGTERM', listener);
    process.on('SIGINT', listener);
  },
  onUncaught(listener) {
    process.on('uncaughtException', listener);
    process.on('unhandledRejection', listener);
  },
  exit(code) {
    process.exit(code);
  },
};
