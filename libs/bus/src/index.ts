export type {
  AddOptions,
  Bus,
  BusHeaders,
  BusLogger,
  ConsumeOptions,
  DeadLetter,
  DeadLetters,
  JobContext,
  JobListener,
  MessageContext,
  MessageListener,
  PublishOptions,
  RequestListener,
  RequestOptions,
  SubscribeOptions,
  Subscription,
  WorkQueue,
} from './bus';
export {
  BusClosedError,
  BusUnavailableError,
  InvalidMessageError,
  InvalidSubjectError,
  NoResponderError,
  PayloadTooLargeError,
  RequestFailedError,
  RequestTimeoutError,
  WorkQueueFullError,
} from './errors';
export { createInProcessBus, type InProcessBusOptions } from './in-process-bus';
export { connectNats, type NatsBusOptions } from './nats-bus';
