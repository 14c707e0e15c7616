/** What a chat does with each of its turns. A scenario is a function of a session; it knows nothing of load shapes. */
import type { ChatSession } from '../generator/chat-session';

export interface Scenario {
  /** Opens the chat: its first turn, its viewers, its age. Resolves when all of it has ended. */
  readonly open: (chat: ChatSession, intendedAtMs: number) => Promise<void>;
  /** One turn, or what counts as one. */
  readonly act: (chat: ChatSession, intendedAtMs: number) => Promise<void>;
}

/** A chat that only creates itself. */
export async function openPlainly(chat: ChatSession, intendedAtMs: number): Promise<void> {
  await chat.finish(await chat.create({ intendedAtMs }));
}

export async function sendAndWait(chat: ChatSession, intendedAtMs: number): Promise<void> {
  await chat.turn({ intendedAtMs });
}
