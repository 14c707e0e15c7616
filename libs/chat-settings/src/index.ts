export { CachedChatSettings } from './cached-chat-settings';
export type { CachedChatSettingsOptions } from './cached-chat-settings';
export { ChatSettingsStore } from './chat-settings-store';
export type { DeploymentRow, OrganizationRow, UserOverride, UserRow } from './settings-sql';
export type { ChatSettings, PersonalOverride, PromptOverlay, SystemPrompts } from './settings';
export { DEFAULT_SYSTEM_PROMPT } from './default-system-prompt';
export { systemRows } from './system-rows';
export type { BornChat, SystemRow } from './system-rows';
