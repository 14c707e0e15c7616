/** A server of ours did not come up; `log` holds the end of what it printed. */
export class ServerStartError extends Error {
  readonly code = 'server_start_failed';

  constructor(
    readonly server: string,
    reason: string,
    readonly log = '',
  ) {
    super(`${server} did not start: ${reason}${log === '' ? '' : `\n${log}`}`);
    this.name = 'ServerStartError';
  }
}

/** A program is not on this machine and could not be had; the message carries the exact commands that bring it. */
export class ProgramMissingError extends Error {
  readonly code = 'program_missing';
  readonly isOperatorError = true;

  constructor(
    readonly programs: readonly string[],
    message: string,
  ) {
    super(message);
    this.name = 'ProgramMissingError';
  }
}

/** Another live process uses this data directory. */
export class DataDirectoryInUseError extends Error {
  readonly code = 'data_directory_in_use';
  readonly isOperatorError = true;

  constructor(
    readonly directory: string,
    readonly ownerPid: number,
  ) {
    super(
      `The data in ${directory} is in use by process ${ownerPid}; stop that one first, or choose another directory.`,
    );
    this.name = 'DataDirectoryInUseError';
  }
}
