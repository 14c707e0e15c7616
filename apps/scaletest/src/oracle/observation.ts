/** What the generator saw of a chat: the oracle's evidence. Texts are kept as digests, so that 50,000 turns fit in memory. */
import {
  CHAT_SUMMARIZED,
  type ChatMessage,
  chatSummarized,
  type ChatStatus,
  type MessageRole,
  type ToolResultPart,
} from '@parley/contracts';
import { z } from 'zod';
import { keyOf, SPAWN_TOOL, type TurnOrder, WAIT_TOOL } from '../answer-shape';
import { digestOf, digestOfCall, digestOfResult } from './digest';
import type { Finding } from './finding';

/**
 * How a turn may end. `complete`: with the whole answer. `cut`: an interrupt may have left a part of it, or nothing of a message that
 * was still queued. `removed`: an edit took the message and its answer away.
 */
export type TurnEnding = 'complete' | 'cut' | 'removed';

/** An interrupt that the platform took. */
export interface Interruption {
  /** When that was known; `performance.now()`. */
  readonly takenAtMs: number;
  /** Some of the answer had been seen before it was asked for. */
  readonly hadParts: boolean;
}

export interface ObservedTurn {
  readonly order: TurnOrder;
  ending: TurnEnding;
  /** The platform took the message. */
  wasAccepted: boolean;
  outcome: 'pending' | 'done' | 'hung' | 'failed';
  /** The history has to be summarised in this turn: always where it grew too large, else once that was asked for. */
  isCompacted: boolean;
  /** The key of the message that replaced it, or an earlier one. */
  removedBy: string | undefined;
  /** A user stopped it. */
  interruption: Interruption | undefined;
  /** Why it hung or failed, with the last event seen. */
  failure: string | undefined;
  /** `performance.now()`; 0 means it has not happened. */
  readonly sentAtMs: number;
  readonly doneAtMs: number;
}

/** A message in digest. */
export interface SeenMessage {
  readonly id: number;
  readonly role: MessageRole;
  /** Of the text parts, joined. */
  readonly textDigest: number;
  readonly textLength: number;
  readonly callIds: readonly string[];
  /** Of the tools and their arguments, call by call. */
  readonly callDigests: readonly number[];
  readonly resultIds: readonly string[];
  /** Of the tools and what they returned. */
  readonly resultDigests: readonly number[];
  /** In a user message of ours. */
  readonly key: string | undefined;
  /** The call of a compaction's pair, which is no answer. */
  readonly isCompaction: boolean;
  /** Of the summaries that people are shown. */
  readonly summaryDigests: readonly number[];
  /** What the platform's tools for subagents returned. */
  readonly agents: readonly SeenAgent[];
}

export interface SeenAgent {
  readonly callId: string;
  /** Of the subagent. */
  readonly chatId: string;
  /** Of its answer, once it was waited for. */
  readonly reportDigest: number | undefined;
}

/** An answer that a viewer did not see grow to its end before it was committed. */
export interface StreamGap {
  readonly messageId: number;
  /** When the connection began on which it was missed; `performance.now()`. */
  readonly attachedAtMs: number;
  readonly streamedLength: number;
  readonly committedLength: number;
}

export interface ObservedViewer {
  readonly name: string;
  readonly gaps: readonly StreamGap[];
  /** Of the answers that were streamed to their end. */
  readonly wholeIds: readonly number[];
  readonly messages: readonly SeenMessage[];
  readonly findings: readonly Omit<Finding, 'chatId'>[];
  /** Why it was not attached at the end, though it was given the time to come back; undefined when it was. */
  readonly missingBecause: string | undefined;
  /** What it was last told of the chat. */
  readonly status: ChatStatus | undefined;
  readonly queuedCount: number;
}

/** One who watches the list of the user's chats. */
export interface ObservedWatcher {
  readonly name: string;
  /** `performance.now()`; what happened before is not told to it. */
  readonly openedAtMs: number;
  /** What it was last told of this chat. */
  readonly status: ChatStatus | undefined;
  readonly failure: string | undefined;
}

export interface ObservedChat {
  readonly chatId: string;
  /** In the order the messages were sent. */
  readonly turns: readonly ObservedTurn[];
  readonly viewers: readonly ObservedViewer[];
  readonly watchers: readonly ObservedWatcher[];
  /** Tokens of calls that came again after their result was accepted. */
  readonly repeatedToolCalls: readonly string[];
  /** How often viewers were told that a step is tried again. */
  readonly retriesTold: number;
  /** The history as read at the end; null when it could not be read. */
  readonly history: readonly SeenMessage[] | null;
  /** Its subagents, as the deployment lists them; null when that could not be read. */
  readonly children: readonly string[] | null;
  /** Why it could not be read. */
  readonly historyFailure: string | undefined;
  /** Of the chat itself, read at the end; undefined when it could not be read. */
  readonly finalStatus: ChatStatus | undefined;
  /** Messages that wait in it. */
  readonly finalQueued: number;
}

export const textOf = (message: Pick<ChatMessage, 'content'>): string =>
  message.content.map((part) => (part.type === 'text' ? part.text : '')).join('');

const NONE: readonly never[] = [];
const agentResult = z.object({ chat_id: z.string(), report: z.string().optional() });

export function toSeenMessage(message: ChatMessage, text = textOf(message)): SeenMessage {
  let callIds: readonly string[] = NONE;
  let callDigests: readonly number[] = NONE;
  let resultIds: readonly string[] = NONE;
  let resultDigests: readonly number[] = NONE;
  let summaryDigests: readonly number[] = NONE;
  let agents: readonly SeenAgent[] = NONE;
  let isCompaction = false;
  for (const part of message.content) {
    if (part.type === 'tool-call') {
      callIds = [...callIds, part.tool_call_id];
      callDigests = [...callDigests, digestOfCall(part.tool_name, part.args)];
      isCompaction ||= part.tool_name === CHAT_SUMMARIZED;
    } else if (part.type === 'tool-result') {
      resultIds = [...resultIds, part.tool_call_id];
      resultDigests = [...resultDigests, digestOfResult(part.tool_name, part.result, part.is_error)];
      summaryDigests = [...summaryDigests, ...summariesIn(part)];
      agents = [...agents, ...agentsIn(part)];
    }
  }
  return {
    id: message.id,
    role: message.role,
    textDigest: digestOf(text),
    textLength: text.length,
    callIds,
    callDigests,
    resultIds,
    resultDigests,
    key: message.role === 'user' ? keyOf(text) : undefined,
    isCompaction,
    summaryDigests,
    agents,
  };
}

function summariesIn({ tool_name: name, result }: ToolResultPart): number[] {
  if (name !== CHAT_SUMMARIZED) return [];
  const parsed = chatSummarized.safeParse(result);
  return [digestOf(parsed.success ? parsed.data.summary : '')];
}

function agentsIn({ tool_name: name, tool_call_id: callId, result }: ToolResultPart): SeenAgent[] {
  if (name !== SPAWN_TOOL && name !== WAIT_TOOL) return [];
  const parsed = agentResult.safeParse(result);
  if (!parsed.success) return [];
  const { chat_id: chatId, report } = parsed.data;
  return [{ callId, chatId, reportDigest: report === undefined ? undefined : digestOf(report) }];
}

/** What tools for subagents returned in these messages, in the order of their calls. */
export function agentsOf(messages: readonly SeenMessage[]): SeenAgent[] {
  const byCall = new Map(messages.flatMap(({ agents }) => agents).map((agent) => [agent.callId, agent]));
  return messages.flatMap(({ callIds }) => callIds.flatMap((id) => byCall.get(id) ?? []));
}

export function isSameMessage(left: SeenMessage, right: SeenMessage): boolean {
  return (
    left.id === right.id &&
    left.role === right.role &&
    left.textDigest === right.textDigest &&
    left.callIds.join() === right.callIds.join() &&
    left.callDigests.join() === right.callDigests.join() &&
    left.resultIds.join() === right.resultIds.join() &&
    left.resultDigests.join() === right.resultDigests.join()
  );
}

/** False while a turn is under way, as after a stop: what is read of such a chat may change between two looks. */
export const isSettled = ({ turns }: Pick<ObservedChat, 'turns'>): boolean =>
  turns.every(({ outcome }) => outcome === 'done');
