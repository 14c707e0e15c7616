/**
 * The label of a turn that ended (`chat-api` section 7.2): 2 to 5 words for lists of chats and notifications, stored unless the history
 * has moved on.
 *
 * Only for root chats, only where the deployment wants them (`CHAT_TURN_LABELS`: they cost a call of a model each), and not for turns
 * that were interrupted. A turn that failed, or that has nothing to read, gets a fixed label without a call: a model that just failed is
 * not asked about it. So does one whose call fails or finds no room. A newer end of the same chat gives the older label up.
 */
import { setTurnSummary, type ChatHead, type ChatStore, type TranscriptRow } from '@parley/chat-state';
import type { TurnEnd } from '@parley/contracts';
import { generateTurnLabel, readableText, type LabelInput } from '@parley/llm';
import type { Transcripts } from '../transcripts';
import type { AuxiliaryCalls } from './auxiliary-calls';
import { callingChat } from './auxiliary-models';
import type { BackgroundWork } from './background-work';
import { isSaid } from './said-rows';

/** Whose turns get labels: everybody's, those of owners who take notifications, or nobody's. */
export const TURN_LABELS = ['all', 'notified', 'none'] as const;
export type TurnLabelPolicy = (typeof TURN_LABELS)[number];

const FIXED: Readonly<Record<TurnEnd, string>> = {
  finish: 'Turn finished',
  error: 'Turn failed',
  requires_action: 'Waiting for you',
};

export interface TurnLabelsOptions {
  readonly policy: TurnLabelPolicy;
  readonly store: ChatStore;
  readonly transcripts: Pick<Transcripts, 'cached'>;
  readonly calls: Pick<AuxiliaryCalls, 'ask'>;
  readonly work: Pick<BackgroundWork, 'add'>;
  /** For labels without a call, when there is no room for one. */
  readonly overflow: Pick<BackgroundWork, 'add'>;
  readonly recipients: { has(userId: string): Promise<boolean> };
  readonly onFailure: (error: unknown, chatId: string) => void;
}

export interface EndedTurn {
  readonly chat: ChatHead;
  readonly kind: TurnEnd;
  /** What the end committed: enough to make a label of when the transcript is not at hand. */
  readonly rows: readonly TranscriptRow[];
}

export class TurnLabels {
  /** The label under way of each chat. */
  private readonly underWay = new Map<string, AbortController>();

  constructor(private readonly options: TurnLabelsOptions) {}

  /** Resolves with the label that a model made, or undefined when there is none. Never rejects. */
  consider(turn: EndedTurn): Promise<string | undefined> {
    const { overflow, policy, transcripts, work } = this.options;
    if (policy === 'none') return Promise.resolve(undefined);
    const { id } = turn.chat;
    const newer = new AbortController();
    const input = turn.kind === 'error' ? undefined : labelInput(transcripts.cached(turn.chat) ?? turn.rows);
    this.underWay.get(id)?.abort();
    return new Promise((resolve) => {
      const job = (read: LabelInput | undefined) => async (stop: AbortSignal) => {
        resolve(await this.make({ ...turn, input: read }, { newer: newer.signal, stop }));
        if (this.underWay.get(id) === newer) this.underWay.delete(id);
      };
      if (work.add(job(input)) || overflow.add(job(undefined))) this.underWay.set(id, newer);
      else resolve(undefined);
    });
  }

  private async make(turn: LabelledTurn, signals: Signals): Promise<string | undefined> {
    const { policy, recipients, store, onFailure } = this.options;
    const { id: chatId, historyVersion, ownerId } = turn.chat;
    try {
      if (policy === 'notified' && !(await recipients.has(ownerId))) return undefined;
      const label = await this.ask(turn, signals);
      if (signals.newer.aborted || signals.stop.aborted) return undefined;
      await setTurnSummary(store, { chatId, historyVersion, summary: label ?? FIXED[turn.kind] });
      return label;
    } catch (error) {
      if (!signals.stop.aborted) onFailure(error, chatId);
      return undefined;
    }
  }

  /** Undefined when no model has made a label. */
  private async ask({ chat, input }: LabelledTurn, { newer, stop }: Signals): Promise<string | undefined> {
    if (input === undefined || newer.aborted) return undefined;
    try {
      return await this.options.calls.ask({
        chatId: chat.id,
        chat: callingChat(chat),
        purpose: 'label',
        ask: (client, limited) => generateTurnLabel(client, input, limited),
        signal: newer,
        stop,
      });
    } catch (error) {
      if (!newer.aborted && !stop.aborted) this.options.onFailure(error, chat.id);
      return undefined;
    }
  }
}

interface LabelledTurn extends Omit<EndedTurn, 'rows'> {
  /** Undefined: there is nothing to read. */
  readonly input: LabelInput | undefined;
}

interface Signals {
  /** A newer turn of this chat has ended. */
  readonly newer: AbortSignal;
  readonly stop: AbortSignal;
}

/** What the user said last, and what was answered; undefined when nothing was. */
function labelInput(rows: readonly TranscriptRow[]): LabelInput | undefined {
  const asked = rows.findLastIndex((row) => row.role === 'user' && isSaid(row));
  const isAnswer = (row: TranscriptRow): boolean =>
    row.role === 'assistant' && isSaid(row) && readableText(row.content) !== '';
  const answer = rows.slice(asked + 1).findLast(isAnswer);
  if (answer === undefined) return undefined;
  return { asked: readableText(rows[asked]?.content ?? []), answered: readableText(answer.content) };
}
