export { CachedChatSettings } from './cached-chat-settings';
export type { CachedChatSettingsOptions } from './cached-chat-settings';
export type { ChatSettings, PersonalOverride, PromptOverlay, SystemPrompts } from './settings';
