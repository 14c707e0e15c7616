/** Bodies of the provider and model routes. API keys come in and never go out: replies carry `has_api_key`. */
import { z } from 'zod';
import { chatError } from './chat';
import { modelCallConfig, newModelCallConfig } from './model-call-config';
import { plainText, timestamp, uuid } from './strings';

export const PROVIDER_TYPES = ['openai', 'openai-compat', 'anthropic', 'azure', 'openrouter'] as const;
export const providerType = z.enum(PROVIDER_TYPES);
export type ProviderType = z.infer<typeof providerType>;

const baseUrl = plainText()
  .max(2048)
  .refine(
    (value) => URL.canParse(value) && /^https?:$/.test(new URL(value).protocol),
    'must be an http or https URL',
  )
  .transform((value) => value.replace(/\/+$/, ''));

/** It goes out in a header, which can carry nothing else. */
export const apiKey = plainText()
  .max(10 * 1024, 'must have at most 10 KiB')
  .refine((value) => value === value.trim(), 'must not begin or end with white space')
  .regex(/^[\x20-\x7e]*$/, 'must hold only printable ASCII characters');

/** Whose key a provider is called with: the deployment's, those of users, or the deployment's for users who have none. */
const keyPolicy = {
  central_api_key_enabled: z.boolean(),
  allow_user_api_key: z.boolean(),
  allow_central_api_key_fallback: z.boolean(),
};

export const createProviderRequest = z.object({
  type: providerType,
  name: plainText().trim().min(1).max(128),
  base_url: baseUrl.optional(),
  api_key: apiKey.optional(),
  enabled: z.boolean().default(true),
  central_api_key_enabled: keyPolicy.central_api_key_enabled.default(true),
  allow_user_api_key: keyPolicy.allow_user_api_key.default(false),
  allow_central_api_key_fallback: keyPolicy.allow_central_api_key_fallback.default(false),
});
export type CreateProviderRequest = z.infer<typeof createProviderRequest>;

export const updateProviderRequest = z.object({
  name: plainText().trim().min(1).max(128).optional(),
  base_url: baseUrl.nullable().optional(),
  /** An empty string removes the key. */
  api_key: apiKey.optional(),
  enabled: z.boolean().optional(),
  central_api_key_enabled: keyPolicy.central_api_key_enabled.optional(),
  allow_user_api_key: keyPolicy.allow_user_api_key.optional(),
  allow_central_api_key_fallback: keyPolicy.allow_central_api_key_fallback.optional(),
});
export type UpdateProviderRequest = z.infer<typeof updateProviderRequest>;

export const provider = z.object({
  id: uuid(),
  type: providerType,
  name: z.string(),
  base_url: z.string().optional(),
  has_api_key: z.boolean(),
  enabled: z.boolean(),
  ...keyPolicy,
  created_at: timestamp(),
  updated_at: timestamp(),
});
export type Provider = z.infer<typeof provider>;

export const testProviderRequest = z.object({
  /** Absent: the stored key. */
  api_key: apiKey.min(1, 'must not be empty: leave it out for the stored key').optional(),
});
export type TestProviderRequest = z.infer<typeof testProviderRequest>;

/** Whether the provider let us in. */
export const providerTest = z.object({
  ok: z.boolean(),
  model_count: z.number().int().optional(),
  error: chatError.optional(),
});
export type ProviderTest = z.infer<typeof providerTest>;

export const providerModels = z.object({
  available: z.boolean(),
  models: z.array(
    z.object({
      id: z.string(),
      display_name: z.string().optional(),
      context_limit: z.number().int().optional(),
    }),
  ),
  error: chatError.optional(),
});
export type ProviderModels = z.infer<typeof providerModels>;

export const createModelRequest = z.object({
  ai_provider_id: uuid(),
  model: plainText().trim().min(1, 'is required').max(256),
  display_name: plainText().trim().max(128).default(''),
  context_limit: z.int32('must be a whole number').min(1, 'must be greater than 0'),
  compression_threshold: z.int32().min(0).max(100).optional(),
  enabled: z.boolean().default(true),
  is_default: z.boolean().default(false),
  model_config: newModelCallConfig.default({}),
});
export type CreateModelRequest = z.infer<typeof createModelRequest>;

export const updateModelRequest = z.object({
  model: plainText().trim().min(1).max(256).optional(),
  display_name: plainText().trim().max(128).optional(),
  context_limit: z.int32().min(1).optional(),
  compression_threshold: z.int32().min(0).max(100).optional(),
  enabled: z.boolean().optional(),
  is_default: z.boolean().optional(),
  model_config: newModelCallConfig.optional(),
});
export type UpdateModelRequest = z.infer<typeof updateModelRequest>;

export const model = z.object({
  id: uuid(),
  organization_id: uuid(),
  ai_provider_id: uuid(),
  provider: providerType,
  model: z.string(),
  display_name: z.string(),
  context_limit: z.number().int(),
  compression_threshold: z.number().int(),
  enabled: z.boolean(),
  is_default: z.boolean(),
  model_config: modelCallConfig,
  created_at: timestamp(),
  updated_at: timestamp(),
});
export type Model = z.infer<typeof model>;
