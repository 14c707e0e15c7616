/** What the bus refuses or cannot do. Each class has a stable `code`; the data is in fields. */

/** The bus cannot be reached now; what was asked may be tried again later. */
export class BusUnavailableError extends Error {
  override readonly name = 'BusUnavailableError';
  readonly code = 'bus_unavailable';
  constructor(readonly reason: string) {
    super(`The bus is unavailable: ${reason}`);
  }
}

/** The bus was drained; it takes no new work. */
export class BusClosedError extends Error {
  override readonly name = 'BusClosedError';
  readonly code = 'bus_closed';
  constructor() {
    super('The bus is closed');
  }
}

/** Nobody answers this subject now. Reported at once, without waiting for the timeout. */
export class NoResponderError extends Error {
  override readonly name = 'NoResponderError';
  readonly code = 'no_responder';
  constructor(readonly subject: string) {
    super(`Nobody responds on ${subject}`);
  }
}

/** No reply came in time. The responder may or may not have done its work. */
export class RequestTimeoutError extends Error {
  override readonly name = 'RequestTimeoutError';
  readonly code = 'request_timeout';
  constructor(
    readonly subject: string,
    readonly timeoutMs: number,
  ) {
    super(`No reply on ${subject} within ${timeoutMs} ms`);
  }
}

/** The responder's handler threw; `reason` is the message of its error. */
export class RequestFailedError extends Error {
  override readonly name = 'RequestFailedError';
  readonly code = 'request_failed';
  constructor(
    readonly subject: string,
    readonly reason: string,
  ) {
    super(`The responder on ${subject} failed: ${reason}`);
  }
}

/** The encoded payload is larger than the bus carries. */
export class PayloadTooLargeError extends Error {
  override readonly name = 'PayloadTooLargeError';
  readonly code = 'payload_too_large';
  constructor(
    readonly subject: string,
    readonly bytes: number,
    readonly maxBytes: number,
  ) {
    super(`A payload of ${bytes} bytes for ${subject} is over the limit of ${maxBytes} bytes`);
  }
}

/** A payload does not have the shape of its subject; `field` is the path of the first offence. */
export class InvalidMessageError extends Error {
  override readonly name = 'InvalidMessageError';
  readonly code = 'invalid_message';
  constructor(
    readonly subject: string,
    readonly field: string,
    readonly reason: string,
  ) {
    super(`Invalid message on ${subject}: ${field}: ${reason}`);
  }
}

/** A subject that cannot be used so: empty tokens, blanks, or a wildcard where a concrete subject is needed. */
export class InvalidSubjectError extends Error {
  override readonly name = 'InvalidSubjectError';
  readonly code = 'invalid_subject';
  constructor(readonly subject: string) {
    super(`Not a usable subject: ${JSON.stringify(subject)}`);
  }
}

/** The work queue holds as much as it may; the job was not added. */
export class WorkQueueFullError extends Error {
  override readonly name = 'WorkQueueFullError';
  readonly code = 'work_queue_full';
  constructor(readonly subject: string) {
    super(`The work queue ${subject} is full`);
  }
}
