export { KeyValueUnavailableError, NotACounterError } from './errors';
export { createInProcessKeyValue, type InProcessKeyValueOptions } from './in-process-key-value';
export type { KeyValue, KeyValueLogger, TimeToLive } from './key-value';
export { RateLimiter, type RateDecision, type RateLimit, type RateLimiterOptions } from './rate-limiter';
export { connectRedis, type RedisKeyValueOptions } from './redis-key-value';
