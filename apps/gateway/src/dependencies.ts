/**
 * What the gateway is built from. A process opens these once (main.ts, or standalone for all services together) and closes them after
 * the gateway has stopped. Interfaces are injected by the symbols here, classes by themselves.
 */
import type { Bus } from '@parley/bus';
import type { Database } from '@parley/database';
import type { Identity, SecretBox } from '@parley/identity';
import type { KeyValue } from '@parley/key-value';
import type { Logger, Metrics, Readiness, Tracer } from '@parley/service';
import type { StreamForwarder } from './streams/stream-forwarder';

export type GatewayLogger = Pick<Logger, 'info' | 'warn' | 'error' | 'debug'>;

export interface GatewaySettings {
  /** Requests a user may make in a minute; 0: any number. */
  readonly apiRateLimit: number;
  /** Logins, and attempts to make the first user, that one address may make in a minute; 0: any number. */
  readonly loginRateLimit: number;
  /** Believe X-Forwarded-For and its kin. */
  readonly trustProxy: boolean;
  /** What GitHub signs its webhooks with; without it there are none. */
  readonly githubWebhookSecret?: string | undefined;
}

export interface GatewayDependencies {
  readonly database: Database;
  readonly bus: Bus;
  readonly keyValue: KeyValue;
  readonly identity: Identity;
  readonly secretBox: SecretBox;
  readonly streamForwarder: StreamForwarder;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly logger: Logger;
  /** Default: none. */
  readonly tracer?: Tracer;
  /** Serve profiles and heap snapshots to this machine. */
  readonly isDebuggable?: boolean;
  readonly settings: GatewaySettings;
}

export const CHAT_STORE = Symbol('chat store');
export const LOGGER = Symbol('logger');
export const SETTINGS = Symbol('settings');
export const STREAM_FORWARDER = Symbol('stream forwarder');
