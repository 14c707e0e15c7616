/**
 * Decides once what a failure of a provider means: its kind, and whether trying again can help.
 *
 * `RULES` is the table of the reference (`chat-api` section 5.2) in its order; the first that matches wins. The order is the
 * knowledge: one provider words plain rate limits as "quota", another sends an exhausted quota as 429, a disabled provider
 * answers 503, and gateways wrap a wrong model name in 403, 429 or 5xx.
 */
import type { ChatErrorKind } from '@parley/contracts';
import { type ErrorSignals, readErrorSignals } from './error-signals';
import { ModelError } from './errors';
import { stringAt } from './json';

interface Rule {
  readonly name: string;
  readonly matches: (signals: ErrorSignals, caller: Caller) => boolean;
  readonly kind: ChatErrorKind;
  readonly isRetryable: (caller: Caller) => boolean;
}

/** What the one who made the request did in the meantime. */
interface Caller {
  /** Closed the request itself, and not for a deadline. */
  readonly isCancelled: boolean;
  /** A deadline of the caller's passed. */
  readonly isDeadline: boolean;
}

const always = () => true;
const never = () => false;

const CONFIG_WORDS =
  /invalid model|model[ _]not[ _]found|unknown model|unsupported model|no such model|model .{0,200}(does not exist|is not (found|supported|available))|context[ _]length[ _]exceeded|maximum context length|context window|prompt is too long|too many (input )?tokens|request_too_large|unsupported (parameter|value)|invalid_function_parameters/s;

/** Continuity of the Responses API: calls and their outputs, reasoning and what followed it. */
const CONTINUITY_WORDS =
  /no tool (output|call) found for function call|without its required (following|'?reasoning'?) item|required '?reasoning'? item/;

/** What the provider has signed, encrypted or stored itself, and does not take back. */
const SEAL_WORDS =
  /invalid_encrypted_content|encrypted[ _]content\b.{0,4000}could not be (verified|decrypted)|invalid `?(signature|data)`? in `?(redacted_)?thinking`? block|thinking.? (or `?redacted_thinking`? )?blocks? in the latest assistant message cannot be modified|item (with id )?'[a-z]+_\w+' (not found|of type '\w+' was provided without its required)/s;

/** Calls that another model made, without what this one seals its own with. */
const MISSING_SEAL_WORDS =
  /reasoning_content\b.{0,80}must be passed back|missing [`'"]?reasoning_content|missing a [`'"]?thought_signature/s;

/** Fields in which servers tell reasoning, and which other servers refuse to get back. */
const UNKNOWN_SEAL_WORDS =
  /\b(reasoning(_content|_details)?|extra_content)[`'"]?(:| is| are) (unsupported|extra inputs|not (supported|allowed|permitted))|(unknown|unrecognized|extra|unexpected|unsupported)\b.{0,80}\b(reasoning_content|reasoning_details|extra_content)\b/;

/** Whether a request failed only for a seal that it has and should not, or lacks and should have. */
export function refusedSeal(error: unknown): 'invalid' | 'missing' | undefined {
  const { status, text } = readErrorSignals(error);
  if (status !== 400 && status !== 404 && status !== 422) return undefined;
  if (MISSING_SEAL_WORDS.test(text)) return 'missing';
  return SEAL_WORDS.test(text) || UNKNOWN_SEAL_WORDS.test(text) ? 'invalid' : undefined;
}

const looksLikeConfig = ({ text }: ErrorSignals) => CONFIG_WORDS.test(text);

const RULES: readonly Rule[] = [
  // Row 14 for the caller's own cancellation comes first: what a provider answers to being hung up on means nothing.
  {
    name: 'cancelled by the caller',
    matches: (_, { isCancelled }) => isCancelled,
    kind: 'generic',
    isRetryable: never,
  },
  {
    name: 'interrupted',
    matches: ({ text }) => /\b(chat|request|operation) (was|has been) interrupted\b/.test(text),
    kind: 'generic',
    isRetryable: never,
  },
  {
    name: 'continuity of the Responses API',
    matches: ({ text }) => CONTINUITY_WORDS.test(text) || SEAL_WORDS.test(text),
    kind: 'generic',
    isRetryable: never,
  },
  {
    name: 'stream ended',
    matches: ({ isStreamEnded }) => isStreamEnded,
    kind: 'timeout',
    isRetryable: always,
  },
  {
    name: 'overloaded',
    matches: ({ status, text }) => status === 529 || text.includes('overloaded'),
    kind: 'overloaded',
    isRetryable: always,
  },
  {
    name: 'quota',
    matches: ({ status, text }) =>
      text.includes('insufficient_quota') ||
      (status !== 429 && (status === 402 || /quota|billing|payment required/.test(text))),
    kind: 'usage_limit',
    isRetryable: never,
  },
  {
    name: 'unauthorized',
    matches: ({ status, text }) =>
      status === 401 ||
      /\bunauthorized\b|invalid[ _](x-)?api[ _-]key|incorrect api key|authentication_error/.test(text),
    kind: 'auth',
    isRetryable: never,
  },
  {
    name: 'forbidden',
    matches: (signals) =>
      (signals.status === 403 || /\bforbidden\b|permission_error/.test(signals.text)) &&
      !looksLikeConfig(signals),
    kind: 'auth',
    isRetryable: never,
  },
  {
    name: 'rate limit',
    matches: (signals) => signals.status === 429 && !looksLikeConfig(signals),
    kind: 'rate_limit',
    isRetryable: always,
  },
  {
    name: 'provider disabled',
    matches: ({ text }) => /provider[ _](is[ _])?disabled/.test(text),
    kind: 'provider_disabled',
    isRetryable: never,
  },
  {
    name: 'connection',
    matches: (signals, caller) => isConnectionFailure(signals, caller) && !looksLikeConfig(signals),
    kind: 'timeout',
    isRetryable: ({ isDeadline }) => !isDeadline,
  },
  {
    name: 'config',
    matches: (signals) => CONFIG_STATUSES.has(signals.status ?? 0) || looksLikeConfig(signals),
    kind: 'config',
    isRetryable: never,
  },
  {
    name: 'server error',
    matches: ({ status, text }) => status === 500 || /(internal )?server[ _]error|\bapi_error\b/.test(text),
    kind: 'generic',
    isRetryable: always,
  },
  { name: 'the rest', matches: always, kind: 'generic', isRetryable: never },
];

/** From 520 on: of the network that stands before many providers, when it does not reach them. */
const TIMEOUT_STATUSES = new Set([408, 502, 503, 504, 520, 521, 522, 523, 524]);
/** No such model, deployment or path; a request that is too large. */
const CONFIG_STATUSES = new Set([404, 413]);

/** A cancellation that nobody here asked for is the provider's doing. */
function isConnectionFailure(signals: ErrorSignals, { isDeadline }: Caller): boolean {
  if (isDeadline) return true;
  if (signals.status !== undefined) return TIMEOUT_STATUSES.has(signals.status);
  return signals.isConnectionFault || signals.isAbort;
}

/**
 * @param context.signal the caller's own; tells its abort from one of the provider's
 * @returns the error itself when it is classified already
 */
export function classifyModelError(
  error: unknown,
  context: { readonly provider: string; readonly signal?: AbortSignal },
): ModelError {
  if (error instanceof ModelError) return error;
  const { provider, signal } = context;
  const caller = readCaller(signal);
  const signals = readErrorSignals(error);
  const rule = RULES.find(({ matches }) => matches(signals, caller));
  return new ModelError({
    kind: rule?.kind ?? 'generic',
    retryable: rule?.isRetryable(caller) ?? false,
    provider,
    statusCode: signals.status,
    retryAfterMs: signals.retryAfterMs,
    detail: signals.detail,
    cause: error,
    ...(caller.isCancelled && { message: 'The request to the model was cancelled.' }),
  });
}

function readCaller(signal: AbortSignal | undefined): Caller {
  if (signal?.aborted !== true) return { isCancelled: false, isDeadline: false };
  const isDeadline = stringAt(signal.reason, 'name') === 'TimeoutError';
  return { isCancelled: !isDeadline, isDeadline };
}
