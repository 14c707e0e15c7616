export { eventually, type EventuallyOptions } from './eventually';
export { FakeClock, type Sleeper } from './fake-clock';
export { selfSigned, type Certificate } from './self-signed';
export { Standstill } from './standstill';
export {
  createTestDatabase,
  LeakedConnectionsError,
  type TestDatabase,
  type TestDatabaseOptions,
} from './test-database';
export { testServers, type TestServers } from './test-servers';
