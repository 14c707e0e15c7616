/**
 * Keeps exactly one default model in an organization that has models at all.
 *
 * Every write to an organization's models holds an advisory lock on it and ends with an election: a usable model (enabled, on an
 * enabled provider) wins over others, then the one asked for, then the present default, then the oldest.
 */
import { sql, type Database, type Queryable } from '@parley/database';

const LOCK_MODELS = sql(
  'models_lock_organization',
  `select pg_advisory_xact_lock(hashtextextended('chat_models:' || $1::text, 0))`,
);

const SELECT_WINNER = sql(
  'models_select_winner',
  `select m.id, m.is_default
   from chat_model_configs m join chat_providers p on p.id = m.ai_provider_id
   where m.organization_id = $1 and not m.deleted
   order by m.enabled and p.enabled desc, m.id = $2::uuid desc nulls last, m.is_default desc, m.created_at, m.id
   limit 1`,
);

const CLEAR_DEFAULT = sql(
  'models_clear_default',
  'update chat_model_configs set is_default = false where organization_id = $1 and is_default',
);

const SET_DEFAULT = sql(
  'models_set_default',
  'update chat_model_configs set is_default = true where id = $1',
);

const SELECT_ORGANIZATIONS = sql(
  'models_organizations_of_provider',
  `select distinct organization_id from chat_model_configs
   where ai_provider_id = $1 and not deleted order by organization_id`,
);

/** Runs `write` alone among the writes to this organization's models, and elects the default after it. */
export function withModelsOf<T>(
  database: Database,
  organizationId: string,
  write: (tx: Queryable) => Promise<T>,
): Promise<T> {
  return database.transaction(async (tx) => {
    await tx.query(LOCK_MODELS, [organizationId]);
    return write(tx);
  });
}

/** Inside `withModelsOf`. Returns the id of the default model, null when the organization has no model. */
export async function electDefault(
  tx: Queryable,
  input: { organizationId: string; preferredId?: string },
): Promise<string | null> {
  const { organizationId, preferredId = null } = input;
  const [winner] = await tx.query<{ id: string; is_default: boolean }>(SELECT_WINNER, [
    organizationId,
    preferredId,
  ]);
  if (winner === undefined) return null;
  if (!winner.is_default) {
    await tx.query(CLEAR_DEFAULT, [organizationId]);
    await tx.query(SET_DEFAULT, [winner.id]);
  }
  return winner.id;
}

/** After a provider was enabled or disabled. */
export async function reelectDefaultsOfProvider(database: Database, providerId: string): Promise<void> {
  const rows = await database.query<{ organization_id: string }>(SELECT_ORGANIZATIONS, [providerId]);
  for (const { organization_id: organizationId } of rows) {
    await withModelsOf(database, organizationId, (tx) => electDefault(tx, { organizationId }));
  }
}
