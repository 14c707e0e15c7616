/**
 * The net beneath the jobs: a worker may die after it committed the end of a turn and before it told of it.
 *
 * Such a chat rests, and is still owned by the dead worker, because ownership outlasts a turn. So every now and then the chats at
 * rest of workers that died lately are looked up, and their ends are added to the queue as the worker would have done; under
 * the same ids, so that those that had been told are not told again. Interrupted turns are known by `interrupted_version`, and
 * a cleared context by what its last message is.
 */
import type { Bus } from '@parley/bus';
import { cutPushText, pushJobId, subjects, type Clock, type PushTurnFinished } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import { LRUCache } from 'lru-cache';
import type { WebpushMetrics } from '../metrics';

export interface LostTurnEndsOptions {
  readonly database: Database;
  readonly bus: Bus;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly metrics: WebpushMetrics;
  readonly logger: { warn(fields: object, message: string): void };
  /** Ends before that are not told any more. */
  readonly maxAgeMs: number;
}

const SWEEP_MS = 5_000;
/** More wait for the next round. */
const MAX_PER_ROUND = 100;
/** In characters, of which each has at least a byte. */
const MAX_TEXT_LENGTH = 4_096;
const REMEMBERED = 10_000;

/** `updated_at` moves when a turn comes to rest; an action has begun at most five minutes before its deadline. */
const SELECT = sql(
  'webpush_lost_turn_ends',
  `select c.id, c.owner_id, c.title, c.status, c.history_version, c.updated_at,
     to_jsonb(case
       when c.status = 'error' then left(c.last_error ->> 'message', $2)
       when c.status = 'waiting' then left((
         select string_agg(part ->> 'text', e'\\n' order by position)
         from jsonb_array_elements(m.content) with ordinality as parts (part, position)
         where part ->> 'type' = 'text' and part ->> 'text' <> ''), $2)
     end) as text
   from workers w
     join chats c on c.worker_id = w.id
     left join lateral (
       select role, content, compressed, revision from chat_messages
       where chat_id = c.id and not deleted order by id desc limit 1) m on true
   where w.lease_expires_at between now() - $1 * interval '1 millisecond' and now()
     and c.parent_chat_id is null and not c.archived
     and (c.status = 'requires_action' and c.action_deadline_at > now()
       or c.updated_at > now() - $1 * interval '1 millisecond' and (c.status = 'error'
         or c.status = 'waiting' and m.role = 'assistant' and not m.compressed
           and m.revision = c.history_version and c.interrupted_version < c.history_version))
     and not ((c.id || '.' || c.history_version) = any ($3::text[]))
   order by c.updated_at limit $4`,
);

interface Row {
  id: string;
  owner_id: string;
  title: string;
  status: 'waiting' | 'error' | 'requires_action';
  history_version: number;
  updated_at: Date;
  text: string | null;
}

const KINDS = { waiting: 'finish', error: 'error', requires_action: 'requires_action' } as const;

export class LostTurnEnds {
  /** Those that this replica has added. */
  private readonly added = new LRUCache<string, true>({ max: REMEMBERED });

  constructor(private readonly options: LostTurnEndsOptions) {}

  /** Rounds until the signal aborts; one that fails is logged. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, random, logger } = this.options;
    while (!signal.aborted) {
      const pauseMs = SWEEP_MS * (0.75 + random() / 2);
      await clock.sleep(pauseMs, { name: 'lost turn ends', signal }).catch(() => undefined);
      if (signal.aborted) return;
      await this.tick().catch((error: unknown) =>
        logger.warn({ err: error }, 'Could not look for lost ends of turns'),
      );
    }
  }

  /** One round. Resolves with how many it added. */
  async tick(): Promise<number> {
    const { database, bus, metrics, maxAgeMs } = this.options;
    const known = [...this.added.keys()];
    const rows = await database.query<Row>(SELECT, [maxAgeMs, MAX_TEXT_LENGTH, known, MAX_PER_ROUND]);
    const queue = bus.workQueue(subjects.pushTurnFinished());
    for (const row of rows) {
      const job = toJob(row);
      await queue.add(job, { messageId: pushJobId(job) });
      this.added.set(`${row.id}.${row.history_version}`, true);
    }
    metrics.recovered(rows.length);
    return rows.length;
  }
}

function toJob(row: Row): PushTurnFinished {
  return {
    chat_id: row.id,
    owner_id: row.owner_id,
    history_version: row.history_version,
    kind: KINDS[row.status],
    title: row.title,
    text: cutPushText(row.text ?? ''),
    finished_at: row.updated_at.toISOString(),
  };
}
