/**
 * Subject names as NATS defines them: tokens joined by dots; in a subscription `*` stands for one token and a last `>` for
 * one or more. Source: https://docs.nats.io/nats-concepts/subjects
 */
import { InvalidSubjectError } from './errors';

const NOT_CONCRETE = /[\s*>]|^\.|\.\.|\.$|^$/;
const NOT_A_PATTERN = /\s|^\.|\.\.|\.$|^$/;

/** Throws InvalidSubjectError unless messages can be sent to `subject`. */
export function assertConcreteSubject(subject: string): void {
  if (NOT_CONCRETE.test(subject)) throw new InvalidSubjectError(subject);
}

/** Throws InvalidSubjectError unless `pattern` can be subscribed to. */
export function assertSubjectPattern(pattern: string): void {
  if (NOT_A_PATTERN.test(pattern)) throw new InvalidSubjectError(pattern);
  const tokens = pattern.split('.');
  for (const [index, token] of tokens.entries()) {
    if (token === '*' || (token === '>' && index === tokens.length - 1)) continue;
    if (token.includes('*') || token.includes('>')) throw new InvalidSubjectError(pattern);
  }
}

/** Whether `pattern` stands for more than itself. */
export function isWildcard(pattern: string): boolean {
  return pattern.includes('*') || pattern.includes('>');
}

/** A test of concrete subjects against `pattern`, with the pattern taken apart once. */
export function subjectMatcher(pattern: string): (subject: string) => boolean {
  if (!isWildcard(pattern)) return (subject) => subject === pattern;
  const expected = pattern.split('.');
  const isOpenEnded = expected.at(-1) === '>';
  return (subject) => {
    const tokens = subject.split('.');
    if (isOpenEnded ? tokens.length < expected.length : tokens.length !== expected.length) return false;
    return expected.every((token, index) => token === '*' || token === '>' || token === tokens[index]);
  };
}
