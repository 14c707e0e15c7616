/** Which 5xx answers, lost replies and broken streams the run's fault explains; each other one is a finding. */
import type { ServerErrorTally } from '../generator/server-errors';
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';

export interface CheckedErrors {
  readonly findings: readonly Finding[];
  /** Answers with a 5xx. */
  readonly explained: number;
}

export function checkServerErrors(
  { errors, beyond, breaks, breaksBeyond }: ServerErrorTally,
  blows: readonly Blow[],
): CheckedErrors {
  const refusing = blows.filter(({ mayRefuse }) => mayRefuse);
  const isUnexplained = ({ atMs }: { atMs: number }): boolean =>
    !refusing.some((blow) => isStruck(blow, atMs, atMs));
  const unexplained = errors.filter(isUnexplained);
  const findings = unexplained.map(({ call, status, text }): Finding => ({
    kind: 'server_error',
    chatId: chatIn(call),
    detail: `${call} answered ${status}: ${text}`,
  }));
  for (const { kind, call, why } of breaks.filter(isUnexplained))
    findings.push({ kind, chatId: chatIn(call), detail: `${call}: ${why}` });
  // Those that were not kept are nobody's to explain.
  if (beyond > 0)
    findings.push({ kind: 'server_error', chatId: '', detail: `${beyond} more answers with a 5xx` });
  if (breaksBeyond > 0)
    findings.push({ kind: 'reply_lost', chatId: '', detail: `${breaksBeyond} more breaks` });
  return { findings, explained: errors.length - unexplained.length };
}

const chatIn = (call: string): string => /\/chats\/([0-9a-f-]{36})/.exec(call)?.[1] ?? '';
