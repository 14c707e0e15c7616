export type { ModelApi, ModelConnection } from './adapters/model-connection';
export { apiOf } from './adapters/model-connection';
export { classifyModelError } from './classify-model-error';
export { estimateTokens, isTooLarge, withoutToolUse } from './compaction/prompt-size';
export { readSummary } from './compaction/read-summary';
export { summaryMessageText, summaryRequestRow } from './compaction/summary-request';
export { createModelClient } from './create-model-client';
export type { ModelClientOptions } from './create-model-client';
export { ModelError } from './errors';
export type { ModelErrorFields } from './errors';
export type {
  FinishReason,
  ModelClient,
  ModelRequest,
  ModelSettings,
  ModelStreamPart,
  PromptAssistantPart,
  PromptFile,
  PromptMessage,
  PromptReasoning,
  PromptText,
  PromptToolCall,
  PromptToolResult,
  PromptUserPart,
  ProviderMetadata,
  RequestMetadata,
  ResponseFormat,
  ToolDefinition,
} from './model-client';
export type { JsonObject } from './json';
export { listModels } from './list-models';
export type { ListedModel, ListedProvider, ModelList } from './list-models';
export { refusedOptions } from './option-refusals';
export type { ConfiguredModel } from './option-refusals';
export { MAX_ATTEMPTS, retryDelayMs } from './retry-policy';
export { ProviderConnections } from './transport/provider-connections';
export { generateText } from './generate-text';
export type { GeneratedText } from './generate-text';
export { CATALOG_TTL_MS, ModelCatalog } from './model-catalog';
export type { ModelCatalogOptions, ResolvedModel } from './model-catalog';
export type { SealedKey } from './stored-model';
export { settingsFor, withoutProviderTools } from './model-settings';
export { cutMiddle } from './prompt/cut-text';
export { buildPrompt } from './prompt/build-prompt';
export type { PromptOptions } from './prompt/build-prompt';
export type { ReadFile } from './prompt/files';
export type { PromptRow } from './prompt/prompt-row';
export { MAX_STEP_CHARACTERS, StepAccumulator } from './step-accumulator';
export type { StepToolCall } from './step-accumulator';
export { generateChatSummary } from './auxiliary/chat-summary';
export { CheapModels } from './auxiliary/cheap-models';
export type { CheapModelsOptions } from './auxiliary/cheap-models';
export { conversationText, PROPOSAL_BOUNDS, readableText } from './auxiliary/conversation-text';
export type { ConversationBounds, ConversationMessage } from './auxiliary/conversation-text';
export { generateTurnLabel } from './auxiliary/turn-label';
export type { LabelInput } from './auxiliary/turn-label';
export { fallbackTitle, generateTitle, readTitle, titleText } from './title';
