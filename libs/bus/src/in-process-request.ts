/** One question on the in-process bus: the first answer, the timeout or the abort, whichever comes first. */
import type { RequestOptions } from './bus';
import { NoResponderError, RequestFailedError, RequestTimeoutError } from './errors';
import type { Answer } from './receivers';

/** `send` says whether anybody got the question. Resolves with the JSON of the answer. */
export function askInProcess(
  subject: string,
  send: (reply: (answer: Answer) => void) => boolean,
  { timeoutMs, signal }: RequestOptions,
): Promise<string> {
  return new Promise<string>((resolve, reject) => {
    const settle = (finish: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const onAbort = (): void => settle(() => reject(asError(signal?.reason)));
    const timer = setTimeout(
      () => settle(() => reject(new RequestTimeoutError(subject, timeoutMs))),
      timeoutMs,
    );
    signal?.addEventListener('abort', onAbort, { once: true });
    const hadResponder = send((answer) =>
      settle(() =>
        'json' in answer ? resolve(answer.json) : reject(new RequestFailedError(subject, answer.failure)),
      ),
    );
    if (!hadResponder) settle(() => reject(new NoResponderError(subject)));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
