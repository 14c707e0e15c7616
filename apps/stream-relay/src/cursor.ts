/**
 * Where a viewer stands in a chat's stream: `version.attempt.seq.message_id`, opaque to clients.
 *
 * `version`: the chat version whose state (queue, status, error) it holds in full; 0 when it holds none yet. `attempt` and
 * `seq`: how far it has followed the parts of that version's episode. `messageId`: the newest message it holds; it runs ahead
 * of `version` while messages of a later version are on their way. `messagesAsOf`: the version at which those messages were
 * read, a fifth number while there is no state to tell it. Relays of any release read each other's cursors: numbers are
 * only ever appended, and a cursor of three is read as one without messages.
 */
export interface Cursor {
  readonly version: number;
  readonly attempt: number;
  readonly seq: number;
  readonly messageId: number;
  readonly messagesAsOf?: number;
}

const CURSOR = /^(\d{1,15})\.(\d{1,9})\.(\d{1,9})(?:\.(\d{1,15})(?:\.(\d{1,15}))?)?$/;

export function formatCursor({ version, attempt, seq, messageId, messagesAsOf }: Cursor): string {
  const place = `${version}.${attempt}.${seq}.${messageId}`;
  return messagesAsOf === undefined ? place : `${place}.${messagesAsOf}`;
}

/** Null when the text is no cursor. `messageId` stands in for the fourth number where there is none. */
export function parseCursor(text: string, messageId = 0): Cursor | null {
  const match = CURSOR.exec(text);
  if (match === null) return null;
  const [, version, attempt, seq, message, messagesAsOf] = match;
  return {
    version: Number(version),
    attempt: Number(attempt),
    seq: Number(seq),
    messageId: message === undefined ? messageId : Number(message),
    ...(messagesAsOf !== undefined && { messagesAsOf: Number(messagesAsOf) }),
  };
}
