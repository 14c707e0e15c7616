export { gitsyncConfig, gitsyncWorkerConfig } from './config';
export { createGitsyncApp, GitsyncApp } from './gitsync-app';
export type { GitsyncDependencies, ListenAddress } from './gitsync-app';
export { GitsyncModule } from './gitsync.module';
export { DEFAULT_GIT_PROVIDERS } from './provider/git-providers';
export type { GitProviderSettings } from './provider/git-providers';
