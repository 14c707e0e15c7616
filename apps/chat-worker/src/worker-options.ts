/** What a worker is built from: its surroundings, and its limits. */
import type { Bus } from '@parley/bus';
import type { ChatSettings } from '@parley/chat-settings';
import type { Clock } from '@parley/contracts';
import type { Database } from '@parley/database';
import type { CheapModels, ResolvedModel } from '@parley/llm';
import type { Tracer } from '@parley/service';
import type { UsageLimits } from '@parley/spend';
import type { TurnLabelPolicy } from './auxiliary/turn-labels';
import type { WorkerMetrics } from './metrics';
import type { LocalTool } from './tools/local-tool';

export interface WorkerSettings {
  /** Chats taken by one statement of the sweep. */
  readonly acquireBatchSize: number;
  /** Time between two sweeps, on average. */
  readonly sweepMs: number;
  /** Turns that run at once. */
  readonly maxChats: number;
  /** Chats kept between turns. */
  readonly maxIdleChats: number;
  /** How long a chat is kept after its turn. */
  readonly idleOwnershipMs: number;
  readonly transcriptCacheBytes: number;
  /** Calls of models beside the turns at once: so many for titles, and so many for labels and summaries. */
  readonly maxAuxiliaryCalls: number;
  readonly turnLabels: TurnLabelPolicy;
  readonly chatTitles: boolean;
  readonly chatSummaries: boolean;
}

export interface WorkerLogger {
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface WorkerOptions {
  readonly database: Database;
  /** Traced, when there is a tracer. */
  readonly bus: Bus;
  readonly models: { resolve(modelConfigId: string, userId?: string): Promise<ResolvedModel> };
  readonly chatSettings: ChatSettings;
  readonly cheapModels: Pick<CheapModels, 'insteadOf'>;
  /** Beside the built-in ones. */
  readonly tools: readonly LocalTool[];
  /** Whether the owner of a chat may spend more: subagents begin turns too. */
  readonly limits: Pick<UsageLimits, 'within'>;
  readonly clock: Clock;
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicNow: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  readonly createId: () => string;
  readonly hostname: string;
  readonly leaseMs: number;
  readonly settings: WorkerSettings;
  readonly logger: WorkerLogger;
  readonly metrics: WorkerMetrics;
  /** Default: none. */
  readonly tracer?: Tracer;
}
