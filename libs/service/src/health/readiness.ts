/**
 * Whether this process should get traffic now: all named checks pass within their time and it is not stopping. Liveness is another
 * question (it is answered as long as the process answers at all): a dependency that is away must not get us restarted.
 */
export interface ReadinessCheck {
  readonly name: string;
  /** Throws, or rejects, with the reason why not. */
  readonly check: () => void | Promise<void>;
  /** Default 2 s. */
  readonly timeoutMs?: number;
}

export interface ReadinessOptions {
  /** Aborted when the process begins to stop. */
  readonly signal: AbortSignal;
  readonly checks: readonly ReadinessCheck[];
}

export interface ReadinessReport {
  readonly status: 'ok' | 'unavailable' | 'stopping';
  readonly failing: readonly { readonly name: string; readonly reason: string }[];
}

const DEFAULT_TIMEOUT_MS = 2_000;

export class Readiness {
  constructor(private readonly options: ReadinessOptions) {}

  /** Runs all checks at once. Never throws. */
  async report(): Promise<ReadinessReport> {
    if (this.options.signal.aborted) return { status: 'stopping', failing: [] };
    const reasons = await Promise.all(
      this.options.checks.map(async (check) => ({ name: check.name, reason: await failureOf(check) })),
    );
    const failing = reasons.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }]));
    return { status: failing.length === 0 ? 'ok' : 'unavailable', failing };
  }
}

async function failureOf({
  check,
  timeoutMs = DEFAULT_TIMEOUT_MS,
}: ReadinessCheck): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`no answer within ${timeoutMs} ms`), timeoutMs);
  });
  const checked = Promise.resolve()
    .then(check)
    .then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
  const failure = await Promise.race([checked, timeout]);
  clearTimeout(timer);
  return failure;
}
