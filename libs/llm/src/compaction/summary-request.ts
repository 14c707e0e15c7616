/**
 * What a model is asked when a conversation has grown too long, and how its summary stands in the history afterwards.
 *
 * The request is the last message of the very prompt that the next step would have sent, so that the provider finds all before it in
 * its cache.
 */
import type { PromptRow } from '../prompt/prompt-row';

const SUMMARY_REQUEST = `Summarise this conversation so that the work can go on without it: from now on your summary is all that will be known of what came before.

Write down, as far as there is something to say:
- what the user wants, with every constraint and preference in the user's own terms;
- what was decided, and why;
- what was done and found out: names, paths, identifiers, numbers, commands and error messages exactly;
- where the work stands now, what is still open, and what comes next.

Keep what matters and leave out the rest. Do not call tools, do not answer open questions, and do not address the user: reply with the summary alone.`;

const PREAMBLE =
  'Earlier messages were replaced by this summary of them. Rely on it, and go on from where it ends.';

/** The request as the last row of a history. */
export function summaryRequestRow(): PromptRow {
  return {
    id: Number.MAX_SAFE_INTEGER,
    role: 'user',
    content: [{ type: 'text', text: SUMMARY_REQUEST }],
    visibility: 'model',
    compressed: false,
  };
}

/** The text of the message that a summarised history begins with. */
export function summaryMessageText(summary: string): string {
  return `${PREAMBLE}\n\n${summary}`;
}
