export { Cluster, type ClusterOptions, type ClusterSize } from './cluster/cluster';
export type { ClusterEnvironment, Role } from './cluster/service-environment';
export { runDemo } from './demo/demo';
export { startStandalone, type Standalone, type StandaloneOptions } from './standalone';
export { DataDirectory } from './data-directory';
export { provision, type AnswerSource, type Provisioned } from './provision';
