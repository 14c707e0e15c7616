export { parameterList, queryBatched } from './batch';
export type { BatchedStatement } from './batch';
export { Database } from './database';
export type { DatabaseOptions, PoolUsage, TransactionMode } from './database';
export {
  ApiKey,
  ChatModelConfig,
  ChatProvider,
  Organization,
  OrganizationMember,
  User,
  WebpushKey,
  WebpushSubscription,
} from './entities';
export { isConnectionError, SchemaOutdatedError, SecondConnectionError, sqlState } from './errors';
export { encodeJsonb, parseJsonb } from './json';
export { assertSchemaIsCurrent, runMigrations } from './migrate';
export type { MigrationClass } from './migrate';
export { Remembered } from './remembered';
export type { RememberedOptions } from './remembered';
export { sql } from './statement';
export type { Queryable, SqlStatement } from './statement';
