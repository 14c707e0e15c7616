/** The transcript a step works on: from the cache when it is of exactly that history, else one read of Postgres. */
import {
  readTranscript,
  type ChatHead,
  type ChatStore,
  type Done,
  type Stale,
  type TranscriptRow,
} from '@parley/chat-state';
import type { ChatChange, ChatMessage, MessagePart } from '@parley/contracts';
import type { TranscriptCache } from './transcript-cache';

export class Transcripts {
  constructor(
    private readonly store: ChatStore,
    private readonly cache: TranscriptCache,
  ) {}

  /** Null when the history has moved past the head's. @throws the driver's error */
  async of(head: ChatHead): Promise<readonly TranscriptRow[] | null> {
    const cached = this.cache.get(head.id, head.historyVersion);
    if (cached !== undefined) return cached.rows;
    const rows = await readTranscript(this.store.database, { chatId: head.id });
    // A row newer than the head's history: another transition came between the two reads.
    if (rows.some((row) => row.revision > head.historyVersion)) return null;
    this.cache.put(head.id, { historyVersion: head.historyVersion, rows });
    return rows;
  }

  /** The transcript of exactly this history, if it is at hand. */
  cached(head: Pick<ChatHead, 'id' | 'historyVersion'>): readonly TranscriptRow[] | undefined {
    return this.cache.get(head.id, head.historyVersion)?.rows;
  }

  /** Brings the cache forward by what this worker committed. */
  followed<T>(before: ChatHead, done: Done<T> | Stale): Done<T> | Stale {
    if (done.ok && done.chat.historyVersion !== before.historyVersion) {
      this.cache.extend(before.id, {
        from: before.historyVersion,
        to: done.chat.historyVersion,
        rows: done.rows.filter((row) => row.visibility !== 'user'),
      });
    }
    return done;
  }

  /** Brings the cache forward by what others committed, as far as the message on the bus tells all of it. */
  heard(previousHistoryVersion: number, change: ChatChange): void {
    const rows = change.messages?.map((message) => rowOf(message, change));
    const isWhole =
      rows !== undefined &&
      rows.every((row) => row.content.every(isSentWhole)) &&
      change.history_reset !== true &&
      change.truncated !== true;
    if (!isWhole) return this.cache.drop(change.chat_id);
    this.cache.extend(change.chat_id, { from: previousHistoryVersion, to: change.history_version, rows });
  }
}

/** Parts that reach clients without something the model must have are read from Postgres. */
function isSentWhole(part: MessagePart): boolean {
  switch (part.type) {
    case 'text':
    case 'file-reference':
    case 'tool-result':
      return true;
    case 'file':
      return part.file_id === undefined;
    case 'reasoning':
    case 'tool-call':
    case 'source':
    case 'context-file':
    case 'skill':
    case 'hook-context':
    case 'hook-notice':
      return false;
  }
}

function rowOf(message: ChatMessage, change: ChatChange): TranscriptRow {
  return {
    id: message.id,
    chatId: message.chat_id,
    role: message.role,
    content: message.content,
    visibility: 'both',
    compressed: false,
    createdBy: message.created_by ?? null,
    modelConfigId: message.model_config_id ?? null,
    reasoningEffort: null,
    createdAt: new Date(message.created_at),
    revision: change.version,
    usage: message.usage ?? {},
  };
}
