/**
 * The summary of a whole root chat, for people who look at lists of chats: one to three sentences.
 *
 * A short chat needs none, its title says it. The first is made at the fourth turn, and a new one whenever the number of turns has
 * doubled, so that it costs a chat of n turns about log n calls. It grows out of the one before, so that a long history, or
 * one that was compacted, is not read again. One that came too late is made up for at the next fourth turn.
 */
import { setChatSummary, type ChatHead, type ChatStore, type TranscriptRow } from '@parley/chat-state';
import { conversationText, generateChatSummary, type ConversationBounds } from '@parley/llm';
import type { Transcripts } from '../transcripts';
import type { AuxiliaryCalls } from './auxiliary-calls';
import { callingChat } from './auxiliary-models';
import type { BackgroundWork } from './background-work';
import { isSaid } from './said-rows';

const FIRST_AT_TURN = 4;
const BOUNDS: ConversationBounds = { maxCharacters: 12_000, maxLatestCharacters: 3_000 };

export interface ChatSummariesOptions {
  readonly isWanted: boolean;
  readonly store: ChatStore;
  readonly transcripts: Pick<Transcripts, 'cached'>;
  readonly calls: Pick<AuxiliaryCalls, 'ask'>;
  readonly work: Pick<BackgroundWork, 'add'>;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export class ChatSummaries {
  private readonly underWay = new Set<string>();

  constructor(private readonly options: ChatSummariesOptions) {}

  /** Call it when a turn of a root chat has finished. Without the transcript at hand nothing is done: the next fourth turn will do. */
  consider(chat: ChatHead): void {
    const { isWanted, transcripts, work } = this.options;
    if (!isWanted || this.underWay.has(chat.id)) return;
    const rows = transcripts.cached(chat) ?? [];
    if (!isDue(turnsOf(rows), chat.summary)) return;
    const conversation = conversationText(rows.filter(isSaid), BOUNDS);
    if (conversation === '') return;
    if (work.add((stop) => this.make(chat, { conversation, stop }))) this.underWay.add(chat.id);
  }

  private async make(
    chat: ChatHead,
    { conversation, stop }: { readonly conversation: string; readonly stop: AbortSignal },
  ): Promise<void> {
    const { calls, onFailure, store } = this.options;
    const { id: chatId, historyVersion, summary: previous } = chat;
    try {
      const summary = await calls.ask({
        chatId,
        chat: callingChat(chat),
        purpose: 'summary',
        ask: (client, signal) => generateChatSummary(client, { conversation, previous }, signal),
        stop,
      });
      if (summary !== undefined) await setChatSummary(store, { chatId, historyVersion, summary });
    } catch (error) {
      if (!stop.aborted) onFailure(error, chatId);
    } finally {
      this.underWay.delete(chatId);
    }
  }
}

/** @param turns since the history was compacted or cleared */
export function isDue(turns: number, previous: string | null): boolean {
  if (turns < FIRST_AT_TURN) return false;
  return previous === null ? turns % FIRST_AT_TURN === 0 : Number.isInteger(Math.log2(turns));
}

const turnsOf = (rows: readonly TranscriptRow[]): number =>
  rows.reduce((count, row) => count + (row.role === 'user' && isSaid(row) ? 1 : 0), 0);
