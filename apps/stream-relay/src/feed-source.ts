/** Where feeds come from: the bus for what is new, Postgres for what was missed, the chat's owner for the step in flight. */
import { NoResponderError, RequestTimeoutError, type Bus, type Subscription } from '@parley/bus';
import { subjects, type ChatChange, type ChatMessage, type ChatParts } from '@parley/contracts';
import type { EpisodeKey } from './episode';
import type { FeedSnapshot } from './feed-head';

export interface FeedListener {
  onChange(change: ChatChange): void;
  onParts(parts: ChatParts): void;
}

export interface PageRequest {
  readonly chatId: string;
  /** Exclusive; from 0 on. */
  readonly afterId: number;
  /** Inclusive. */
  readonly throughId: number;
  readonly limit: number;
  /** Of the contents together; one message always comes. */
  readonly maxBytes: number;
}

export interface MessagesRead {
  /** In ascending order of id. */
  readonly messages: readonly ChatMessage[];
  /** More follow, up to `throughId`. */
  readonly hasMore: boolean;
}

export interface EpisodeQuestion extends EpisodeKey {
  readonly chatId: string;
  readonly workerId: string;
  readonly afterSeq: number;
}

export interface FeedSource {
  /** Resolves when the bus has confirmed. */
  subscribe(chatId: string, listener: FeedListener): Promise<Subscription>;
  /** One statement. Null when there is no such chat. `afterRevision` 0: the newest messages of all. */
  readSnapshot(request: { chatId: string; afterRevision: number }): Promise<FeedSnapshot | null>;
  /** One statement: whether messages were removed after that version of the chat. */
  isHistoryBroken(request: { chatId: string; version: number }): Promise<boolean>;
  /** One statement: visible messages. */
  readMessages(request: PageRequest): Promise<MessagesRead>;
  /** One statement for all. Chats that are gone are not in the result. */
  readVersions(chatIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Null when the owner is gone or holds no such episode. */
  askEpisode(question: EpisodeQuestion, signal: AbortSignal): Promise<ChatParts | null>;
}

/** The reads of Postgres that a source needs; libs/chat-state has the statements. */
export type FeedReads = Pick<
  FeedSource,
  'readSnapshot' | 'isHistoryBroken' | 'readMessages' | 'readVersions'
>;

export interface FeedSourceOptions {
  readonly bus: Bus;
  readonly reads: FeedReads;
  readonly episodeTimeoutMs: number;
}

export function createFeedSource({ bus, reads, episodeTimeoutMs }: FeedSourceOptions): FeedSource {
  return {
    readSnapshot: (request) => reads.readSnapshot(request),
    isHistoryBroken: (request) => reads.isHistoryBroken(request),
    readMessages: (request) => reads.readMessages(request),
    readVersions: (chatIds) => reads.readVersions(chatIds),

    async subscribe(chatId, listener) {
      const subscriptions = await Promise.all([
        bus.subscribe(subjects.chatChanged(chatId), (change) => listener.onChange(change)),
        bus.subscribe(subjects.chatParts(chatId), (parts) => listener.onParts(parts)),
      ]);
      return {
        unsubscribe: () => subscriptions.forEach((subscription) => subscription.unsubscribe()),
        drain: async () => {
          await Promise.all(subscriptions.map((subscription) => subscription.drain()));
        },
      };
    },

    async askEpisode({ chatId, workerId, historyVersion, attempt, afterSeq }, signal) {
      const question = {
        chat_id: chatId,
        history_version: historyVersion,
        generation_attempt: attempt,
        after_seq: afterSeq,
      };
      try {
        const timeoutMs = episodeTimeoutMs;
        const reply = await bus.request(subjects.workerEpisode(workerId), question, { timeoutMs, signal });
        return reply.episode;
      } catch (error) {
        if (error instanceof NoResponderError || error instanceof RequestTimeoutError) return null;
        throw error;
      }
    },
  };
}
