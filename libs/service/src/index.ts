export {
  camelCaseOf,
  defineConfig,
  setting,
  type ConfigOf,
  type ConfigSchema,
  type Setting,
} from './config/define-config';
export { describeConfiguration, type ConfigDescription, type DescribedApp } from './config/describe';
export { ConfigError, type ConfigProblem } from './config/errors';
export { loadConfig, type LoadConfigOptions } from './config/load-config';
export {
  absoluteUrl,
  absoluteUrls,
  base64Key,
  decimalNumber,
  durationMs,
  listOf,
  oneOf,
  port,
  text,
  trueOrFalse,
  wholeNumber,
  type Range,
} from './config/values';
export { createLogger, LOG_LEVELS, type Logger, type LoggerOptions, type LogLevel } from './logging/logger';
export { NestLogger } from './logging/nest-logger';
export { runService, type ServiceContext, type ServiceOptions } from './process/run-service';
export { processHost, type ServiceHost } from './process/service-host';
