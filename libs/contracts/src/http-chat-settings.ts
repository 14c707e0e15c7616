/** Bodies of the routes under `/chats/config`, and of what is set about chats elsewhere. */
import { z } from 'zod';

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
