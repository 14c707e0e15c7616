/** Bodies of the routes under `/chats/config`, and of what is set about chats elsewhere (`chat-api` sections 1.6 and 1.7). */
import { z } from 'zod';
import { apiKey, providerType } from './http-models';
import { NIL_UUID, text, uuid } from './strings';
import { withoutInvisible } from './visible-text';

export const MAX_PROMPT_BYTES = 128 * 1024;

/** A prompt that people write: what a reviewer cannot see is removed before it is measured. */
const prompt = text()
  .transform(withoutInvisible)
  .refine(
    (value) => Buffer.byteLength(value, 'utf8') <= MAX_PROMPT_BYTES,
    `must have at most ${MAX_PROMPT_BYTES} bytes`,
  );

export const updateSystemPromptRequest = z.object({
  system_prompt: prompt,
  /** Absent: as it is. Never set: true while there is no prompt of one's own. */
  include_default_system_prompt: z.boolean().optional(),
});
export type UpdateSystemPromptRequest = z.infer<typeof updateSystemPromptRequest>;

export const systemPromptResponse = z.object({
  system_prompt: z.string(),
  include_default_system_prompt: z.boolean(),
  default_system_prompt: z.string(),
});
export type SystemPromptResponse = z.infer<typeof systemPromptResponse>;

export const organizationSystemPrompt = z.object({ system_prompt: prompt });
export type OrganizationSystemPrompt = z.infer<typeof organizationSystemPrompt>;

export const planModeInstructions = z.object({ plan_mode_instructions: prompt });
export type PlanModeInstructions = z.infer<typeof planModeInstructions>;

export const userPrompt = z.object({ custom_prompt: prompt });
export type UserPrompt = z.infer<typeof userPrompt>;

export const personalOverridesAllowed = z.object({ allow_users: z.boolean() });
export type PersonalOverridesAllowed = z.infer<typeof personalOverridesAllowed>;

export const updateCompactionThresholdRequest = z.object({
  /** Percent of the context; 100 switches automatic compaction off. */
  threshold_percent: z.int32('must be a whole number').min(0).max(100),
});
export type UpdateCompactionThresholdRequest = z.infer<typeof updateCompactionThresholdRequest>;

export const compactionThreshold = updateCompactionThresholdRequest.extend({ model_config_id: uuid() });
export type CompactionThreshold = z.infer<typeof compactionThreshold>;

export const compactionThresholds = z.object({ thresholds: z.array(compactionThreshold) });
export type CompactionThresholds = z.infer<typeof compactionThresholds>;

export const MODEL_OVERRIDE_PURPOSES = [
  'general',
  'explore',
  'title_generation',
  'compaction',
  'advisor',
] as const;
export const modelOverridePurpose = z.enum(MODEL_OVERRIDE_PURPOSES);
/** What an organization can take another model for. */
export type ModelOverridePurpose = z.infer<typeof modelOverridePurpose>;

export const PERSONAL_OVERRIDE_PURPOSES = ['root', 'general', 'explore'] as const;
export const personalOverridePurpose = z.enum(PERSONAL_OVERRIDE_PURPOSES);
/** What a user can take another model for: chats of their own, and the two kinds of subagents. */
export type PersonalOverridePurpose = z.infer<typeof personalOverridePurpose>;

export const PERSONAL_OVERRIDE_MODES = ['deployment_default', 'chat_default', 'model'] as const;
export const personalOverrideMode = z.enum(PERSONAL_OVERRIDE_MODES);
export type PersonalOverrideMode = z.infer<typeof personalOverrideMode>;

/** Empty: none. */
const chosenModel = z
  .union([z.literal(''), uuid()], 'must be a UUID, or empty')
  .refine((value) => value !== NIL_UUID, 'must not be the all-zero UUID: send an empty string for none');

export const updateModelOverrideRequest = z.object({ model_config_id: chosenModel });
export type UpdateModelOverrideRequest = z.infer<typeof updateModelOverrideRequest>;

export const modelOverride = z.object({ context: modelOverridePurpose, model_config_id: uuid() });
export type ModelOverride = z.infer<typeof modelOverride>;

export const modelOverrides = z.object({ overrides: z.array(modelOverride) });
export type ModelOverrides = z.infer<typeof modelOverrides>;

export const updatePersonalOverrideRequest = z
  .object({ mode: personalOverrideMode, model_config_id: chosenModel.default('') })
  .refine(({ mode, model_config_id: id }) => (mode === 'model') === (id !== ''), {
    path: ['model_config_id'],
    message: 'is there exactly with the mode "model"',
  });
export type UpdatePersonalOverrideRequest = z.infer<typeof updatePersonalOverrideRequest>;

const personalOverride = z.object({
  context: personalOverridePurpose,
  mode: personalOverrideMode,
  model_config_id: z.string(),
  is_set: z.boolean(),
});
export type PersonalModelOverride = z.infer<typeof personalOverride>;

const deploymentDefault = z.object({ context: modelOverridePurpose, model_config_id: z.string() });

export const personalOverrides = z.object({
  /** Whether the deployment lets them count. */
  enabled: z.boolean(),
  root: personalOverride,
  general: personalOverride,
  explore: personalOverride,
  deployment_defaults: z.object({ general: deploymentDefault, explore: deploymentDefault }),
});
export type PersonalModelOverrides = z.infer<typeof personalOverrides>;

export const userProviderKeyRequest = z.object({ api_key: apiKey.min(1, 'is required') });
export type UserProviderKeyRequest = z.infer<typeof userProviderKeyRequest>;

export const userProviderKey = z.object({
  provider: z.object({ id: uuid(), type: providerType, name: z.string(), enabled: z.boolean() }),
  /** Whether the policy of the provider allows own keys. */
  byok_enabled: z.boolean(),
  has_user_api_key: z.boolean(),
  /** Whether the deployment's key is used for those who have none. */
  has_provider_api_key: z.boolean(),
});
export type UserProviderKey = z.infer<typeof userProviderKey>;

export const userProviderConfig = z.object({
  provider_id: uuid(),
  provider: providerType,
  display_name: z.string(),
  has_user_api_key: z.boolean(),
  has_central_api_key_fallback: z.boolean(),
});
export type UserProviderConfig = z.infer<typeof userProviderConfig>;
