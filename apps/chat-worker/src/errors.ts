/** What a chat shows when a turn could not go on. */
import type { ChatError } from '@parley/contracts';
import { ModelError } from '@parley/llm';
import type { Partial } from './tasks';

/** A step that failed for good, with what viewers saw of it: kept when an interrupt that was not heard yet came first. */
export class FailedStep extends Error {
  constructor(
    override readonly cause: unknown,
    readonly partial: Partial,
    /** What viewers saw says nothing beside the error: they drop it. Words of an answer stay on their screens. */
    readonly dropsPreview = false,
  ) {
    super('A step failed');
  }
}

/** An error that is no provider's doing says little to clients: the log has the rest. */
export function toChatError(error: unknown): ChatError {
  if (error instanceof ModelError) return error.toChatError();
  return {
    message: 'The answer could not be completed because of an internal error.',
    kind: 'generic',
    retryable: false,
  };
}
