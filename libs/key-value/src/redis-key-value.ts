/**
 * The store on Redis. The connection comes back for ever, with jitter; while it is away nothing is queued: every call is refused
 * at once, and one that waits for a stalled server after COMMAND_TIMEOUT_MS.
 */
import { Redis } from 'ioredis';
import { KeyValueUnavailableError, NotACounterError } from './errors';
import type { KeyValue, KeyValueLogger, TimeToLive } from './key-value';

const COMMAND_TIMEOUT_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const FIRST_CONNECTION_MS = 2_000;

const INCREMENT = `
  local count = redis.call('INCR', KEYS[1])
  if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return count`;
const COMPARE_AND_DELETE = `
  if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
  return 0`;

export interface RedisKeyValueOptions {
  readonly url: string;
  readonly logger?: KeyValueLogger;
  /** Before every key, so that others may use the same Redis. Default `parley:`. */
  readonly keyPrefix?: string;
}

/** Resolves when connected, or after 2 s without: a service works without this store, only worse. */
export async function connectRedis(options: RedisKeyValueOptions): Promise<KeyValue> {
  const redis = new Redis(options.url, {
    lazyConnect: true,
    keyPrefix: options.keyPrefix ?? 'parley:',
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: () => 100 + Math.round(Math.random() * 900),
  });
  const store = new RedisKeyValue(redis, options.logger);
  await store.firstConnection();
  return store;
}

class RedisKeyValue implements KeyValue {
  private isAway = false;
  private isClosed = false;

  constructor(
    private readonly redis: Redis,
    private readonly logger: KeyValueLogger | undefined,
  ) {
    redis.on('error', (error: Error) => this.reportAway(error));
    redis.on('close', () => this.reportAway(undefined));
    redis.on('ready', () => {
      if (this.isAway) this.logger?.info({}, 'Redis is back');
      this.isAway = false;
    });
  }

  get isConnected(): boolean {
    return !this.isClosed && this.redis.status === 'ready';
  }

  async firstConnection(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timeout = setTimeout(resolve, FIRST_CONNECTION_MS);
      this.redis.once('ready', () => {
        clearTimeout(timeout);
        resolve();
      });
      // A failure is reported by the error event, and the retries go on.
      this.redis.connect().catch(() => undefined);
    });
  }

  async get(key: string): Promise<string | undefined> {
    return (await this.answer(this.redis.get(key))) ?? undefined;
  }

  async set(key: string, value: string, { ttlMs }: TimeToLive): Promise<void> {
    await this.answer(this.redis.set(key, value, 'PX', ttlMs));
  }

  async setIfAbsent(key: string, value: string, { ttlMs }: TimeToLive): Promise<boolean> {
    return (await this.answer(this.redis.set(key, value, 'PX', ttlMs, 'NX'))) === 'OK';
  }

  async delete(key: string): Promise<void> {
    await this.answer(this.redis.del(key));
  }

  async increment(key: string, { ttlMs }: TimeToLive): Promise<number> {
    try {
      return Number(await this.answer(this.redis.eval(INCREMENT, 1, key, ttlMs)));
    } catch (error) {
      if (error instanceof Error && error.message.includes('not an integer')) throw new NotACounterError(key);
      throw error;
    }
  }

  async compareAndDelete(key: string, expected: string): Promise<boolean> {
    return (await this.answer(this.redis.eval(COMPARE_AND_DELETE, 1, key, expected))) === 1;
  }

  /** Waits for what was asked before, if the server still answers. */
  async close(): Promise<void> {
    const wasConnected = this.isConnected;
    this.isClosed = true;
    this.isAway = true;
    if (wasConnected) await this.redis.quit().catch(() => undefined);
    this.redis.disconnect();
  }

  /** What Redis itself answers with passes; everything else means that it cannot be reached. */
  private async answer<T>(reply: Promise<T>): Promise<T> {
    try {
      return await reply;
    } catch (error) {
      if (
        error instanceof Error &&
        error.name === 'ReplyError' &&
        !/^(LOADING|READONLY|CLUSTERDOWN|MASTERDOWN)/.test(error.message)
      )
        throw error;
      throw new KeyValueUnavailableError(error instanceof Error ? error.message : String(error));
    }
  }

  private reportAway(error: Error | undefined): void {
    if (this.isAway) return;
    this.isAway = true;
    this.logger?.warn(error ? { err: error } : {}, 'Redis is away');
  }
}
