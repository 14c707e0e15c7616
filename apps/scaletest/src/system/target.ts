/** A running Parley as the harness sees it: where to send load, what may be watched, and what may be broken. */
import type { ProcessGroups } from '../measure/process-usage';

export interface Target {
  readonly kind: 'given' | 'standalone' | 'cluster';
  /** Where requests go, taken in turn. */
  readonly apiUrls: readonly string[];
  /** Where streams go, taken in turn, as an ingress would send them. */
  readonly streamUrls: readonly string[];
  readonly token: string | undefined;
  readonly mockUrl: string;
  /** To read statement statistics; undefined when it is not known. */
  readonly databaseUrl: string | undefined;
  readonly natsMonitorUrl: string | undefined;
  /** Where each service shows its metrics. */
  readonly metricsUrls: Readonly<Record<string, readonly string[]>>;
  /** What they ask for before they show them. */
  readonly metricsToken?: string | undefined;
  /** The processes, where they are ours to see. */
  readonly processes: ProcessGroups;
  /** What runs, for the report. */
  readonly topology: Readonly<Record<string, number | string | boolean>>;
  readonly chaos: ChaosControls | undefined;
  /** The tokens of the calls that the platform's own tools were run with; undefined where that cannot be seen. */
  readonly toolRuns?: (() => readonly string[]) | undefined;
  stop(): Promise<void>;
}

export type ServiceRole = 'gateway' | 'chat-worker' | 'stream-relay';
export type ServerName = 'postgres' | 'nats' | 'redis';

/** What a load may suffer. */
export interface ChaosControls {
  /** How many processes of a role there are. */
  count(role: ServiceRole): number;
  /** Under which id a chat-worker owns chats now. @throws when it is not up, or cannot be known */
  workerId(index: number): Promise<string>;
  /** SIGKILL. It stays down until `start`. */
  kill(role: ServiceRole, index: number): Promise<void>;
  /** Up again, on its port. */
  start(role: ServiceRole, index: number): Promise<void>;
  /** SIGSTOP. */
  pause(role: ServiceRole, index: number): void;
  /** SIGCONT. */
  resume(role: ServiceRole, index: number): void;
  /** SIGKILL and up again after `downMs`. */
  crash(server: ServerName, downMs: number): Promise<void>;
  /** One service process after the other, in order. */
  rollAll(): Promise<void>;
  /** From now on bus messages are treated so; null: as they should be. */
  disturbBus(disturbance: BusDisturbance | null): void;
  /** Nobody gets a row of a chat for so long: every connection of every pool ends up waiting. */
  blockDatabase(ms: number): Promise<void>;
  /** What became of messages while the bus was disturbed; null where nothing can disturb it. */
  busCounts(): DisturbanceCounts | null;
}

export interface DisturbanceCounts {
  readonly passed: number;
  readonly dropped: number;
  readonly doubled: number;
  readonly delayed: number;
}

/** Shares of messages, each from 0 to 1. */
export interface BusDisturbance {
  readonly drop: number;
  readonly double: number;
  readonly delay: number;
  readonly delayMs: number;
}
