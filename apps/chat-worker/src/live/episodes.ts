/**
 * All episodes of this worker, and the answers to those who ask for one.
 *
 * An episode stays 15 s after it ended, so that a viewer who lost its last parts still gets them. Bytes are bounded over all
 * episodes: ended ones go first, oldest first, then the one that is growing forgets its parts.
 */
import type { ChatParts, EpisodeReply, EpisodeRequest, LivePart } from '@parley/contracts';
import { Episode, type EpisodeKey } from './episode';

const KEPT_AFTER_END_MS = 15_000;
const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;
const MAX_ENDED = 20_000;

export interface EpisodesOptions {
  readonly now: () => number;
  /** For all episodes together. */
  readonly maxBytes?: number;
}

export class Episodes {
  private readonly byChat = new Map<string, Episode[]>();
  /** In the order in which they ended. */
  private readonly ended = new Set<Episode>();
  private bytes = 0;

  constructor(private readonly options: EpisodesOptions) {}

  /** Begins an episode. An earlier one under the same key, if any, is replaced. */
  open(key: EpisodeKey): Episode {
    const others = this.byChat.get(key.chatId) ?? [];
    for (const other of others.filter((episode) => isNamed(episode, key))) this.drop(other);
    const episode = new Episode(key);
    this.byChat.set(key.chatId, [...(this.byChat.get(key.chatId) ?? []), episode]);
    return episode;
  }

  append(episode: Episode, parts: LivePart[]): ChatParts {
    const before = episode.bytes;
    const batch = episode.append(parts, Buffer.byteLength(JSON.stringify(parts)));
    this.bytes += episode.bytes - before;
    this.shrinkTo(this.options.maxBytes ?? DEFAULT_MAX_BYTES, episode);
    return batch;
  }

  close(episode: Episode): void {
    if (episode.closedAt !== null) return;
    episode.close(this.options.now());
    this.ended.add(episode);
    for (const oldest of this.ended) {
      if (this.ended.size <= MAX_ENDED) return;
      this.drop(oldest);
    }
  }

  answer(request: EpisodeRequest): EpisodeReply {
    const episode = this.find(request);
    const parts = episode?.after(request.after_seq) ?? null;
    if (episode === undefined || parts === null) return { episode: null };
    return { episode: { ...parts, is_closed: episode.closedAt !== null } };
  }

  /** Drops what ended long enough ago. Called every now and then. */
  expire(): void {
    const oldest = this.options.now() - KEPT_AFTER_END_MS;
    for (const episode of this.ended) {
      if ((episode.closedAt ?? 0) > oldest) return;
      this.drop(episode);
    }
  }

  get count(): number {
    let count = 0;
    for (const episodes of this.byChat.values()) count += episodes.length;
    return count;
  }

  /** The named episode, or the newest one of the chat when none is named. */
  private find(request: EpisodeRequest): Episode | undefined {
    const episodes = this.byChat.get(request.chat_id) ?? [];
    const { history_version: historyVersion, generation_attempt: generationAttempt } = request;
    return episodes.findLast(
      ({ key }) =>
        (historyVersion === undefined || key.historyVersion === historyVersion) &&
        (generationAttempt === undefined || key.generationAttempt === generationAttempt),
    );
  }

  private shrinkTo(maxBytes: number, growing: Episode): void {
    for (const episode of this.ended) {
      if (this.bytes <= maxBytes) return;
      this.drop(episode);
    }
    if (this.bytes <= maxBytes) return;
    this.bytes -= growing.bytes;
    growing.forget();
  }

  private drop(episode: Episode): void {
    this.ended.delete(episode);
    this.bytes -= episode.bytes;
    episode.forget();
    const { chatId } = episode.key;
    const rest = (this.byChat.get(chatId) ?? []).filter((other) => other !== episode);
    if (rest.length === 0) this.byChat.delete(chatId);
    else this.byChat.set(chatId, rest);
  }
}

function isNamed({ key }: Episode, other: EpisodeKey): boolean {
  return key.historyVersion === other.historyVersion && key.generationAttempt === other.generationAttempt;
}
