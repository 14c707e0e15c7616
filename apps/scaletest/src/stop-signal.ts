/**
 * What ends a run before its time: the first signal ends the load and lets the report be written, the second one ends everything. An
 * error that nobody caught ends the load too, once: what was started has to be stopped, and what was found be reported. Such a run has failed.
 */
import type { EventEmitter } from 'node:events';

/** The reason of the signal when the tool itself broke. */
export class BrokenToolError extends Error {
  readonly code = 'broken_tool';
  constructor(override readonly cause: unknown) {
    super(
      `The scaletest itself broke: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
    );
  }
}

export function stopSignal(
  source: Pick<EventEmitter, 'on'>,
  { say, leave }: { say: (text: string) => void; leave: (code: number) => void },
): AbortSignal {
  const stopping = new AbortController();
  const stop = (): void => {
    if (stopping.signal.aborted) return leave(130);
    say('\nStopping: the report follows. Once more to leave at once.\n');
    stopping.abort(new Error('told to stop'));
  };
  source.on('SIGINT', stop);
  source.on('SIGTERM', stop);
  source.on('uncaughtException', (error: unknown) => {
    const broken = new BrokenToolError(error);
    say(`\n${broken.message}\n`);
    stopping.abort(broken);
  });
  return stopping.signal;
}
