import type { Attempts } from './attempts';
import type { Control } from './control';
import type { Fault } from './fault';
import type { Random } from './random';

/** The fault this request is to suffer, if any. Counts the attempt when the fault is for the first ones only. */
export function chooseFault(
  control: Control,
  { step, random, attempts }: { step: number; random: Random; attempts: Attempts },
): Fault | undefined {
  const { fault } = control;
  if (fault === undefined) return undefined;
  if (fault.at_step !== undefined && fault.at_step !== step) return undefined;
  if (fault.probability !== undefined && random() >= fault.probability) return undefined;
  if (fault.first_attempts !== undefined && attempts.next(control.key ?? '') > fault.first_attempts)
    return undefined;
  return fault;
}
