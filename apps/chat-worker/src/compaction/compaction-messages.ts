/** The messages of a compaction, in the order they are stored: boundary, the visible pair, and the unanswered questions again. */
import type { NewMessage, TranscriptRow } from '@parley/chat-state';
import {
  CHAT_SUMMARIZED,
  type ChatSummarized,
  type ToolCallPart,
  type ToolResultPart,
} from '@parley/contracts';
import { summaryMessageText } from '@parley/llm';
import { boundaryContent, turnSoFar, unansweredMessages } from './turn-so-far';

export interface Compaction {
  readonly toolCallId: string;
  readonly result: ChatSummarized;
  /** The history that the summary is of. */
  readonly rows: readonly TranscriptRow[];
  /** Milliseconds. */
  readonly runtimeMs: number;
}

export function compactionCall(toolCallId: string, source: ChatSummarized['source']): ToolCallPart {
  return { type: 'tool-call', tool_call_id: toolCallId, tool_name: CHAT_SUMMARIZED, args: { source } };
}

export function compactionResult({
  toolCallId,
  result,
}: Pick<Compaction, 'toolCallId' | 'result'>): ToolResultPart {
  return { type: 'tool-result', tool_call_id: toolCallId, tool_name: CHAT_SUMMARIZED, result };
}

export function compactionMessages(compaction: Compaction): NewMessage[] {
  const { toolCallId, result, rows, runtimeMs } = compaction;
  const { steps, compactions } = turnSoFar(rows);
  const turn = { steps, compactions: compactions + 1 };
  return [
    {
      role: 'user',
      content: boundaryContent(summaryMessageText(result.summary), turn),
      visibility: 'model',
      compressed: true,
    },
    {
      role: 'assistant',
      content: [compactionCall(toolCallId, result.source)],
      visibility: 'user',
      compressed: true,
    },
    {
      role: 'tool',
      content: [compactionResult(compaction)],
      visibility: 'user',
      compressed: true,
      runtimeMs,
    },
    ...unansweredMessages(rows).map(again),
  ];
}

/** Word for word, for the model alone: people see the first one. */
function again({ content, createdBy, modelConfigId, reasoningEffort }: TranscriptRow): NewMessage {
  return { role: 'user', content, visibility: 'model', createdBy, modelConfigId, reasoningEffort };
}
