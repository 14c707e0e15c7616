export {
  ChatWorkerApp,
  createChatWorkerApp,
  type ChatWorkerDependencies,
  type ListenAddress,
} from './chat-worker-app';
export { ChatWorkerModule, type ChatWorkerModuleOptions } from './chat-worker.module';
export { chatWorkerConfig, workerConfig } from './config';
export {
  defineTool,
  ToolError,
  type LocalTool,
  type ToolCallContext,
  type ToolDeclaration,
} from './tools/local-tool';
