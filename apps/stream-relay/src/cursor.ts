/**
 * Where a viewer stands in a chat's stream: `version.attempt.seq.message_id`, opaque to clients.
 *
 * `version`: the chat version whose state (queue, status, error) it holds in full. `attempt` and `seq`: how far it has
 * followed the parts of that version's episode. `messageId`: the newest message it holds; it runs ahead of `version` while
 * messages of a later version are on their way. Relays of any release read each other's cursors: fields are only ever
 * appended, and a cursor of three numbers is read as one without messages.
 */
export interface Cursor {
  readonly version: number;
  readonly attempt: number;
  readonly seq: number;
  readonly messageId: number;
}

const CURSOR = /^(\d{1,15})\.(\d{1,9})\.(\d{1,9})(?:\.(\d{1,15}))?$/;

export function formatCursor({ version, attempt, seq, messageId }: Cursor): string {
  return `${version}.${attempt}.${seq}.${messageId}`;
}

/** Null when the text is no cursor. `messageId` stands in for the fourth number where there is none. */
export function parseCursor(text: string, messageId = 0): Cursor | null {
  const match = CURSOR.exec(text);
  if (match === null) return null;
  const [, version, attempt, seq, message] = match;
  return {
    version: Number(version),
    attempt: Number(attempt),
    seq: Number(seq),
    messageId: message === undefined ? messageId : Number(message),
  };
}
