export type { Control, ControlInput } from './control';
export { formatControlBlock, withoutControlBlocks } from './control-block';
export type { Distribution } from './distribution';
export type { Fault } from './fault';
export type { LedgerEntryJson } from './ledger-json';
export { LlmMock, type LlmMockOptions } from './llm-mock';
export { CONTROL_HEADER } from './model-endpoint';
export { llmmockConfig } from './settings';
