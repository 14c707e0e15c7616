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
export { MAX_ATTEMPTS, retryDelayMs } from './retry-policy';
