export type { ModelApi, ModelConnection } from './adapters/model-connection';
export { apiOf } from './adapters/model-connection';
export { classifyModelError } from './classify-model-error';
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
export { MAX_ATTEMPTS, retryDelayMs } from './retry-policy';
export { ProviderConnections } from './transport/provider-connections';
