export interface ReasoningBlock {
  readonly type: 'reasoning';
  readonly text: string;
  readonly chunks: readonly string[];
  /** The text exists but the client may not see it. */
  readonly redacted: boolean;
}

export interface TextBlock {
  readonly type: 'text';
  readonly text: string;
  readonly chunks: readonly string[];
}

export interface ToolCallBlock {
  readonly type: 'tool_call';
  /** Empty when the API's renderer is to make one. */
  readonly id: string | undefined;
  readonly name: string;
  readonly arguments: string;
  readonly chunks: readonly string[];
}

export type AnswerBlock = ReasoningBlock | TextBlock | ToolCallBlock;

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'refusal' | 'stop_sequence';

export interface Usage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly reasoningTokens: number;
}

/** What the model says, before it is put into the form of one of the APIs. */
export interface Answer {
  /** 24 hexadecimal digits, unique over all mock processes; the ids on the wire are made from it. */
  readonly id: string;
  readonly createdAtMs: number;
  readonly model: string;
  readonly blocks: readonly AnswerBlock[];
  readonly finish: FinishReason;
  readonly stopSequence: string | undefined;
  readonly usage: Usage;
}

export interface StreamError {
  readonly type: string | undefined;
  readonly message: string;
  readonly afterChunks: number;
}

/**
 * An answer as a stream of server-sent events. `chunks[i]` is the text on the wire for content chunk i, together with
 * the structural events that come before it; `opening` goes out with the first of them, `closing` with the last.
 */
export interface EventStream {
  readonly opening: string;
  readonly chunks: readonly string[];
  readonly closing: string;
  /** One more text delta, for a stream that never ends. */
  readonly more: (text: string) => string;
  /** An error event inside the stream, after the first `afterChunks` chunks. */
  readonly error: (error: StreamError) => string;
}
