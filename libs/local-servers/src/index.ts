export { DataDirectoryInUseError, ProgramMissingError, ServerStartError } from './errors';
export { findFreePort } from './free-port';
export { findProgram, type Program, type ProgramName } from './programs/find-program';
export { type LocalServers, type LocalServersOptions, startLocalServers } from './local-servers';
export { NatsServer, type NatsServerOptions } from './nats-server';
export { PostgresServer, type PostgresServerOptions } from './postgres/postgres-server';
export { RedisServer, type RedisServerOptions } from './redis-server';
export type { Command } from './server-account';
export { ServerProcess, type ServerProgram } from './server-process';
