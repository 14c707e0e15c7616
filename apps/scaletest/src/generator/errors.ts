/** The platform refused a call for good. */
export class RefusedError extends Error {
  readonly code = 'refused';
  constructor(
    call: string,
    readonly status: number,
    text: string,
  ) {
    super(`${call} answered ${status}: ${text.slice(0, 300)}`);
  }
}

/** A turn did not end in time, or ended in an error: its chat goes no further. */
export class TurnFailedError extends Error {
  readonly code = 'turn_failed';
}

/** The run was told to stop. */
export class RunAbortedError extends Error {
  readonly code = 'run_aborted';
  constructor() {
    super('The run was stopped');
  }
}
