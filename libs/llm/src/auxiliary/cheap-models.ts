/**
 * Which model titles and labels are asked of: a known cheap one that the organization has configured with the same provider.
 *
 * Only configured models count. Any other would have no price, so that its calls were unpriced, and may not exist behind the provider's
 * address. Read once a minute and provider, not once a call; `invalidate` (on `config.providers.changed` and `config.models.changed`)
 * forgets all. The order of the list below is the order of preference.
 */
import { type Queryable, Remembered, sql } from '@parley/database';

/** Names of families, with the vendor's prefix that gateways put before them allowed. */
const KNOWN_CHEAP = [
  /gemini-[\w.]*-?flash-lite/,
  /gpt-[\w.]+-nano/,
  /claude-([\d-]+-)?haiku/,
  /gemini-[\w.]*-?flash/,
  /gpt-[\w.]+-mini/,
] as const;

const TTL_MS = 60_000;
const MAX_ENTRIES = 2_000;

export interface CheapModelsOptions {
  readonly database: Queryable;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const SELECT_SIBLINGS = sql(
  'select_models_of_provider',
  `select m.id, m.model from chat_model_configs m
where m.ai_provider_id = $1 and m.organization_id = $2 and m.enabled and not m.deleted order by m.id`,
);

/** How far in front a model stands in the list of cheap ones; undefined for any other model. */
export function cheapRank(modelName: string): number | undefined {
  const rank = KNOWN_CHEAP.findIndex((family) => family.test(modelName.toLowerCase()));
  return rank < 0 ? undefined : rank;
}

export class CheapModels {
  private readonly remembered: Remembered<string | null>;

  constructor({ database, now }: CheapModelsOptions) {
    const read = (key: string): Promise<string | null> => {
      const [providerId = '', organizationId = ''] = key.split('/');
      return readCheapest(database, { providerId, organizationId });
    };
    this.remembered = new Remembered({ read, ttlMs: TTL_MS, maxEntries: MAX_ENTRIES, now });
  }

  /** The id of the model config to ask in place of `model`; undefined when there is none, or `model` is cheap itself. @throws the driver's error */
  async insteadOf(model: {
    readonly modelName: string;
    readonly providerId: string;
    readonly organizationId: string;
  }): Promise<string | undefined> {
    if (cheapRank(model.modelName) !== undefined) return undefined;
    return (await this.remembered.get(`${model.providerId}/${model.organizationId}`)) ?? undefined;
  }

  /** Call it when models or providers changed, and when the bus was away. */
  invalidate(): void {
    this.remembered.forget();
  }
}

async function readCheapest(
  database: Queryable,
  { providerId, organizationId }: { providerId: string; organizationId: string },
): Promise<string | null> {
  const rows = await database.query<{ id: string; model: string }>(SELECT_SIBLINGS, [
    providerId,
    organizationId,
  ]);
  const ranked = rows.flatMap(({ id, model }) => {
    const rank = cheapRank(model);
    return rank === undefined ? [] : [{ id, rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.id ?? null;
}
