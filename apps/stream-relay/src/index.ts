export { relayConfig, streamRelayConfig, type RelayConfig } from './config';
export {
  createStreamRelay,
  StreamRelayApp,
  type ListenAddress,
  type StreamRelayAppDependencies,
} from './stream-relay-app';
export { isStreamPath } from './stream-request';
