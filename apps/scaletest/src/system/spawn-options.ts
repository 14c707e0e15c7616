/** What kind of system to start. */
import type { ClusterSize } from '@parley/standalone';

export interface SpawnOptions {
  readonly size: ClusterSize;
  /** Postgres connections of each process. */
  readonly pool: number;
  /** Commits wait for the disk. */
  readonly isDurable: boolean;
  /** Requests a user may make in a minute; 0: any number. */
  readonly rateLimit: number;
  /** Calls that the mock's ledger has to hold. */
  readonly ledgerEntries: number;
  /** A proxy between the services and NATS, able to lose messages. Costs the generator processor time. */
  readonly canDisturbBus: boolean;
  /** Streams go to the gateways, as without an ingress that knows the relays. */
  readonly isThroughGateways: boolean;
  /** Calls of a model beside the turns, for titles of new chats. */
  readonly hasTitles: boolean;
  /** Profiles and heap snapshots can be taken. */
  readonly isDebuggable: boolean;
  /** Where the services write the spans of requests that ask for it; undefined: nothing is traced. */
  readonly traceFile?: string | undefined;
  readonly logDirectory: string;
}
