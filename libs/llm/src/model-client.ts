/**
 * The one interface through which the rest of Parley talks to language models.
 *
 * A `ModelClient` is one resolved model: provider, credentials and model name are fixed inside. `stream` makes one attempt and
 * never retries, because attempts are counted in the chat's row, where a takeover finds them. Whatever goes wrong comes out as a
 * classified `ModelError`. Aborting the signal, or leaving the iteration early, closes the provider's socket at once.
 */

import type { JsonObject } from './json';
import type {
  AnthropicOptions,
  MessageUsage,
  OpenAiOptions,
  ProviderType,
  ReasoningEffort,
} from '@parley/contracts';

export interface ModelClient {
  /** The type of the provider, as errors and messages name it. */
  readonly provider: ProviderType;
  readonly modelName: string;
  /**
   * One attempt at a step. Ends with exactly one `finish`, or throws.
   * @throws ModelError for every failure, an abort included (kind `generic`, not retryable).
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelStreamPart>;
}

export interface ModelRequest {
  readonly messages: readonly PromptMessage[];
  readonly tools: readonly ToolDefinition[];
  readonly settings: ModelSettings;
  /** Asks for JSON of this shape where the API can enforce it; elsewhere the prompt alone must ask for it. */
  readonly responseFormat?: ResponseFormat;
  readonly metadata?: RequestMetadata;
}

export interface ModelSettings {
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly reasoningEffort?: ReasoningEffort;
  /** Options that only these APIs know; those of the others are not there (`refusedOptions`). */
  readonly openai?: OpenAiOptions;
  readonly anthropic?: AnthropicOptions;
}

export interface ResponseFormat {
  readonly name: string;
  /** A JSON schema of an object that lists all properties as required and allows no others. */
  readonly schema: JsonObject;
}

export interface RequestMetadata {
  /** Groups the requests of a chat for the provider's prompt cache. */
  readonly chatId: string;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments, an object at the top. */
  readonly inputSchema: JsonObject;
  /** The tool as Anthropic's models were trained on it (computer use): goes there instead of description and schema. */
  readonly anthropic?: AnthropicTool;
}

export interface AnthropicTool {
  /** `computer_20250124`, say. */
  readonly type: string;
  /** The size of the display, and whatever else the type takes. */
  readonly options?: JsonObject;
  /** The beta that has to be asked for with it. */
  readonly beta?: string;
}

/** Opaque data for the provider, keyed by API family (`openai`, `anthropic`), as stored in `provider_metadata`. */
export type ProviderMetadata = Readonly<Record<string, unknown>>;

/** The prompt in no provider's words. `buildPrompt` makes it; every rule that all APIs share already holds in it. */
export type PromptMessage =
  /** `isOverlay`: of this turn only, behind the system texts that every request of the chat begins with. */
  | { readonly role: 'system'; readonly text: string; readonly isOverlay?: true }
  | { readonly role: 'user'; readonly parts: readonly PromptUserPart[] }
  | { readonly role: 'assistant'; readonly parts: readonly PromptAssistantPart[] }
  | { readonly role: 'tool'; readonly results: readonly PromptToolResult[] };

export type PromptUserPart = PromptText | PromptFile;

export type PromptAssistantPart =
  PromptText | PromptReasoning | PromptToolCall | PromptProviderCall | PromptProviderResult;

export interface PromptText {
  readonly type: 'text';
  readonly text: string;
  readonly providerMetadata?: ProviderMetadata;
}

/** An image or a PDF; every other kind of file has become text. */
export interface PromptFile {
  readonly type: 'file';
  readonly mediaType: string;
  readonly name?: string;
  /** Base64. */
  readonly data: string;
}

export interface PromptReasoning {
  readonly type: 'reasoning';
  readonly text: string;
  readonly providerMetadata?: ProviderMetadata;
}

export interface PromptToolCall {
  readonly type: 'tool-call';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly args: JsonObject;
  readonly providerMetadata?: ProviderMetadata;
}

/** A call that the provider itself executed; its result follows in the same message. Of use to that provider alone. */
export interface PromptProviderCall {
  readonly type: 'provider-call';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly args: JsonObject;
  readonly providerMetadata?: ProviderMetadata;
}

export interface PromptProviderResult {
  readonly type: 'provider-result';
  readonly toolCallId: string;
  readonly toolName: string;
  readonly providerMetadata?: ProviderMetadata;
}

export interface PromptToolResult {
  readonly toolCallId: string;
  readonly toolName: string;
  /** JSON text. With `media`, what to say beside it (may be empty). */
  readonly text: string;
  readonly media?: PromptFile;
  readonly isError: boolean;
}

export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'other';

/**
 * What a model says, piece by piece. `text-end`, `reasoning-end` and `tool-call` close what the deltas before them opened; each
 * of them may carry what the provider wants back. Parallel tool calls may interleave: `toolCallId` tells them apart.
 */
export type ModelStreamPart =
  | { readonly type: 'text-delta'; readonly text: string }
  | { readonly type: 'text-end'; readonly providerMetadata?: ProviderMetadata }
  | { readonly type: 'reasoning-start' }
  | { readonly type: 'reasoning-delta'; readonly text: string }
  | { readonly type: 'reasoning-end'; readonly providerMetadata?: ProviderMetadata }
  | { readonly type: 'tool-call-start'; readonly toolCallId: string; readonly toolName: string }
  | { readonly type: 'tool-call-delta'; readonly toolCallId: string; readonly argsDelta: string }
  | {
      readonly type: 'tool-call';
      readonly toolCallId: string;
      readonly toolName: string;
      /** JSON text exactly as the model wrote it; it may be invalid. */
      readonly args: string;
      /** The provider executes it itself, and gives its result, too. */
      readonly isProviderExecuted?: true;
      readonly providerMetadata?: ProviderMetadata;
    }
  | {
      /** What the provider's own tool found. */
      readonly type: 'provider-result';
      readonly toolCallId: string;
      readonly toolName: string;
      /** As people may see it. */
      readonly result: unknown;
      readonly isError: boolean;
      readonly providerMetadata?: ProviderMetadata;
    }
  | { readonly type: 'source'; readonly sourceId?: string; readonly url: string; readonly title?: string }
  /** Of the answer as a whole so far: may come more than once, the last one counts. */
  | { readonly type: 'usage'; readonly usage: MessageUsage }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly responseId?: string };
