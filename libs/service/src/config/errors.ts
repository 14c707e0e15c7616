export interface ConfigProblem {
  readonly variable: string;
  /** What it was; `(secret)` for secrets, `(not set)` when it is missing. */
  readonly was: string;
  readonly allowed: string;
}

/** The environment does not fit the schema. All offending variables are reported at once; the operator can correct them. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'bad_config';
  readonly isOperatorError = true;
  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      problems.map(({ variable, was, allowed }) => `${variable} is ${was}, allowed is ${allowed}`).join('; '),
    );
  }
}
