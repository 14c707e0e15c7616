export { DataDirectoryInUseError, ProgramMissingError, ServerStartError } from './errors';
export { findFreePort } from './free-port';
export { PostgresServer, type PostgresServerOptions } from './postgres/postgres-server';
