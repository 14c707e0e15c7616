import type { LedgerEntry } from './ledger';

/** A ledger entry as `GET /ledger` shows it. Times are milliseconds since the epoch. */
export interface LedgerEntryJson {
  id: number;
  api: string;
  received_at: number;
  model: string | null;
  key: string | null;
  step: number;
  purpose: 'chat' | 'structured' | 'summary';
  prompt_sha256: string | null;
  message_count: number;
  last_user_text: string;
  user_keys: readonly string[];
  user_key_count: number;
  answer_characters: number;
  tool_results: number;
  streamed: boolean;
  status: number;
  fault: string | null;
  error: string | null;
  chunks_planned: number;
  chunks_sent: number;
  bytes_received: number;
  bytes_sent: number;
  usage: {
    input_tokens: number;
    output_tokens: number;
    cached_tokens: number;
    reasoning_tokens: number;
  } | null;
  schedule_ms: number;
  first_byte_at: number | null;
  ended_at: number | null;
  closed_by_client_at: number | null;
  duration_ms: number | null;
}

export function ledgerEntryJson(entry: LedgerEntry): LedgerEntryJson {
  const { usage } = entry;
  return {
    id: entry.id,
    api: entry.api,
    received_at: entry.receivedAtMs,
    model: entry.model,
    key: entry.key,
    step: entry.step,
    purpose: entry.purpose,
    prompt_sha256: entry.promptSha256,
    message_count: entry.messageCount,
    last_user_text: entry.lastUserText,
    user_keys: entry.userKeys,
    user_key_count: entry.userKeyCount,
    answer_characters: entry.answerCharacters,
    tool_results: entry.toolResults,
    streamed: entry.streamed,
    status: entry.status,
    fault: entry.fault,
    error: entry.error,
    chunks_planned: entry.chunksPlanned,
    chunks_sent: entry.chunksSent,
    bytes_received: entry.bytesReceived,
    bytes_sent: entry.bytesSent,
    usage: usage && {
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cached_tokens: usage.cachedTokens,
      reasoning_tokens: usage.reasoningTokens,
    },
    schedule_ms: entry.scheduleMs,
    first_byte_at: entry.firstByteAtMs,
    ended_at: entry.endedAtMs,
    closed_by_client_at: entry.closedByClientAtMs,
    duration_ms: entry.durationMs,
  };
}
