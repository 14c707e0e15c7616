/** The statements on webpush_subscriptions. */
import { sql, sqlState, type Database } from '@parley/database';
import type { BrowserSubscription } from '../endpoint/endpoint-rules';

/** A stored subscription, as far as sending needs it. */
export interface StoredSubscription extends BrowserSubscription {
  readonly id: string;
  /** The server key it was made with. */
  readonly vapidPublicKey: string;
}

/** A user has no more browsers than that; the one that subscribed first makes place. */
export const MAX_SUBSCRIPTIONS_PER_USER = 20;

const FOREIGN_KEY_VIOLATION = '23503';

const SELECT = sql(
  'webpush_subscriptions_of_user',
  `select id, endpoint, p256dh_key, auth_key, vapid_public_key from webpush_subscriptions
   where user_id = $1 order by created_at desc, id limit $2`,
);

/**
 * `taken`: the same browser (its keys prove that) was another user's, who must not be notified there any more. Somebody who only
 * knows an endpoint takes nothing from anybody.
 */
const INSERT = sql(
  'webpush_insert_subscription',
  `with taken as (
     delete from webpush_subscriptions
     where endpoint = $2 and p256dh_key = $3 and auth_key = $4 and user_id <> $1
     returning user_id
   ), crowded_out as (
     delete from webpush_subscriptions where id in (
       select id from webpush_subscriptions where user_id = $1 and endpoint <> $2
       order by created_at desc, id offset $6)
   ), stored as (
     insert into webpush_subscriptions (user_id, endpoint, p256dh_key, auth_key, vapid_public_key)
     values ($1, $2, $3, $4, $5)
     on conflict (user_id, endpoint) do update set
       p256dh_key = excluded.p256dh_key, auth_key = excluded.auth_key,
       vapid_public_key = excluded.vapid_public_key, created_at = now()
     returning id
   )
   select stored.id, array(select user_id::text from taken) as taken_from from stored`,
);

const DELETE_BY_ENDPOINT = sql(
  'webpush_delete_by_endpoint',
  'delete from webpush_subscriptions where user_id = $1 and endpoint = $2 returning id',
);

/** Not one that the browser renewed meanwhile under the same endpoint. */
const DELETE_GONE = sql(
  'webpush_delete_gone',
  'delete from webpush_subscriptions where id = $1 and p256dh_key = $2 and auth_key = $3 returning id',
);

interface Row {
  id: string;
  endpoint: string;
  p256dh_key: string;
  auth_key: string;
  vapid_public_key: string;
}

export class SubscriptionStore {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async ofUser(userId: string): Promise<StoredSubscription[]> {
    const rows = await this.database.query<Row>(SELECT, [userId, MAX_SUBSCRIPTIONS_PER_USER]);
    return rows.map((row) => ({
      id: row.id,
      endpoint: row.endpoint,
      p256dhKey: row.p256dh_key,
      authKey: row.auth_key,
      vapidPublicKey: row.vapid_public_key,
    }));
  }

  /** The users who had this browser before; null when the server key is not the present one any more (or the user is gone). */
  async insert(
    userId: string,
    subscription: BrowserSubscription & { readonly vapidPublicKey: string },
  ): Promise<{ takenFrom: readonly string[] } | null> {
    const { endpoint, p256dhKey, authKey, vapidPublicKey } = subscription;
    const others = MAX_SUBSCRIPTIONS_PER_USER - 1;
    try {
      const values = [userId, endpoint, p256dhKey, authKey, vapidPublicKey, others];
      const [row] = await this.database.query<{ taken_from: string[] }>(INSERT, values);
      return { takenFrom: row?.taken_from ?? [] };
    } catch (error) {
      if (sqlState(error) === FOREIGN_KEY_VIOLATION) return null;
      throw error;
    }
  }

  /** Whether there was one. */
  async deleteByEndpoint(userId: string, endpoint: string): Promise<boolean> {
    return (await this.database.query(DELETE_BY_ENDPOINT, [userId, endpoint])).length > 0;
  }

  /** Removes what its push service does not know any more. */
  async deleteGone({ id, p256dhKey, authKey }: StoredSubscription): Promise<void> {
    await this.database.query(DELETE_GONE, [id, p256dhKey, authKey]);
  }
}
