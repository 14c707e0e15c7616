/** What is set about chats, in the words of the domain, and what reads it. */
import type { ModelOverridePurpose, PersonalOverrideMode, PersonalOverridePurpose } from '@parley/contracts';

export interface PromptOverlay {
  /** Empty: the user has none. */
  readonly userPrompt: string;
  /** Empty: the deployment has none. */
  readonly planModeInstructions: string;
}

export interface PersonalOverride {
  readonly mode: PersonalOverrideMode;
  /** Exactly with mode `model`. Whether it can still be used is for the caller to find out. */
  readonly modelConfigId?: string;
}

/** The prompts that a chat is born with. Empty: there is none. */
export interface SystemPrompts {
  readonly deployment: string;
  /** Whether the built-in prompt goes before the deployment's own. */
  readonly includesDefault: boolean;
  readonly organization: string;
}

/** Settings, read from memory on most calls. @throws what the database throws */
export interface ChatSettings {
  promptOverlay(ownerId: string): Promise<PromptOverlay>;
  /** The user's own threshold for that model, in percent (0-100). */
  compactionThreshold(input: { ownerId: string; modelConfigId: string }): Promise<number | undefined>;
  /** The id of the model config that the organization takes for it. Whether it can still be used is for the caller to find out. */
  modelOverride(input: {
    organizationId: string;
    purpose: ModelOverridePurpose;
  }): Promise<string | undefined>;
  /** Undefined while the deployment does not allow personal overrides, also for those who have set one. */
  personalModelOverride(input: {
    userId: string;
    organizationId: string;
    purpose: PersonalOverridePurpose;
  }): Promise<PersonalOverride | undefined>;
  /** Whether the user has a key of their own for the provider; that it may be used is not said. */
  hasOwnKey(input: { userId: string; providerId: string }): Promise<boolean>;
  systemPrompts(input: { organizationId: string }): Promise<SystemPrompts>;
}
