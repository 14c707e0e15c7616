/**
 * Titles from the model, beside the turns: the fallback title of a new chat is replaced when a better one comes. A failure is logged
 * and forgotten, and so is a title for which there is no room.
 */
import { setGeneratedTitle, type ChatHead, type ChatStore, type TranscriptRow } from '@parley/chat-state';
import { generateTitle, titleText } from '@parley/llm';
import type { AuxiliaryCalls } from './auxiliary-calls';
import { callingChat } from './auxiliary-models';
import type { BackgroundWork } from './background-work';

export interface TitleCandidate {
  readonly head: ChatHead;
  readonly rows: readonly TranscriptRow[];
}

export interface TitlesOptions {
  readonly store: ChatStore;
  readonly calls: Pick<AuxiliaryCalls, 'ask'>;
  /** Without it chats keep the titles they were born with. */
  readonly isWanted: boolean;
  readonly work: Pick<BackgroundWork, 'add'>;
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export class Titles {
  private readonly underWay = new Set<string>();

  constructor(private readonly options: TitlesOptions) {}

  /** Makes a title when the chat has its first user message, no answer yet, and still the title it was born with. */
  consider({ head, rows }: TitleCandidate): void {
    if (!this.options.isWanted || head.titleSource !== 'fallback' || this.underWay.has(head.id)) return;
    const conversation = rows.filter((row) => row.role !== 'system');
    const [first] = conversation;
    if (first === undefined || conversation.length !== 1 || first.role !== 'user') return;
    const text = titleText(first.content);
    if (text === '') return;
    if (this.options.work.add((stop) => this.make(head, { text, stop }))) this.underWay.add(head.id);
  }

  private async make(head: ChatHead, { text, stop }: { text: string; stop: AbortSignal }): Promise<void> {
    const { calls, onFailure, store } = this.options;
    try {
      const title = await calls.ask({
        chatId: head.id,
        chat: callingChat(head),
        purpose: 'title',
        ask: (client, signal) => generateTitle(client, text, signal),
        stop,
      });
      if (title !== undefined) await setGeneratedTitle(store, { chatId: head.id, title });
    } catch (error) {
      if (!stop.aborted) onFailure(error, head.id);
    } finally {
      this.underWay.delete(head.id);
    }
  }
}
