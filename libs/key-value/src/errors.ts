/** The store cannot be reached now, or was closed. Whoever can do without it goes on. */
export class KeyValueUnavailableError extends Error {
  override readonly name = 'KeyValueUnavailableError';
  readonly code = 'key_value_unavailable';
  constructor(readonly reason: string) {
    super(`The key-value store is unavailable: ${reason}`);
  }
}

/** The value under the key is no counter. */
export class NotACounterError extends Error {
  override readonly name = 'NotACounterError';
  readonly code = 'not_a_counter';
  constructor(readonly key: string) {
    super(`The value of ${key} is not a whole number`);
  }
}
