/** Which 5xx answers the run's fault explains; each other one is a finding. */
import type { ServerErrorTally } from '../generator/server-errors';
import { type Blow, isStruck } from './blow';
import type { Finding } from './finding';

export interface CheckedErrors {
  readonly findings: readonly Finding[];
  readonly explained: number;
}

export function checkServerErrors(
  { errors, beyond }: ServerErrorTally,
  blows: readonly Blow[],
): CheckedErrors {
  const refusing = blows.filter(({ mayRefuse }) => mayRefuse);
  const unexplained = errors.filter(({ atMs }) => !refusing.some((blow) => isStruck(blow, atMs, atMs)));
  const findings = unexplained.map(({ call, status, text }): Finding => ({
    kind: 'server_error',
    chatId: /\/chats\/([0-9a-f-]{36})/.exec(call)?.[1] ?? '',
    detail: `${call} answered ${status}: ${text}`,
  }));
  // Those that were not kept are nobody's to explain.
  if (beyond > 0)
    findings.push({ kind: 'server_error', chatId: '', detail: `${beyond} more answers with a 5xx` });
  return { findings, explained: errors.length - unexplained.length };
}
