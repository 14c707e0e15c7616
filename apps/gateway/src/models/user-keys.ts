/**
 * Users' own API keys for providers. Sealed for their user before they are stored, opened only by whoever calls the model; whether one
 * may be stored, and is used, the policy of the provider says.
 */
import type { Bus } from '@parley/bus';
import { subjects, type ProviderType } from '@parley/contracts';
import { sql, sqlState, type Database } from '@parley/database';
import { userProviderKeyContext, type SecretBox } from '@parley/identity';
import { ApiError, forbidden, notFound } from '../http/api-error';

export interface UserKeyRow {
  readonly id: string;
  readonly type: ProviderType;
  readonly name: string;
  readonly enabled: boolean;
  readonly allow_user_api_key: boolean;
  readonly has_user_api_key: boolean;
  /** The deployment has a key that users without one use. */
  readonly has_provider_api_key: boolean;
}

const COLUMNS = `p.id, p.type, p.name, p.enabled, p.allow_user_api_key, (k.user_id is not null) as has_user_api_key,
  (p.api_key_encrypted is not null and p.central_api_key_enabled
    and (not p.allow_user_api_key or p.allow_central_api_key_fallback)) as has_provider_api_key
  from chat_providers p left join user_chat_provider_keys k on k.provider_id = p.id and k.user_id = $1`;

const SELECT_KEYS = sql('user_keys_select', `select ${COLUMNS} order by p.created_at, p.id`);
const SELECT_KEY = sql('user_keys_select_one', `select ${COLUMNS} where p.id = $2`);

const UPSERT_KEY = sql(
  'user_keys_upsert',
  `insert into user_chat_provider_keys (user_id, provider_id, api_key_encrypted, api_key_key_id) values ($1, $2, $3, $4)
  on conflict (user_id, provider_id) do update set api_key_encrypted = $3, api_key_key_id = $4, updated_at = now()`,
);

const DELETE_KEY = sql(
  'user_keys_delete',
  'delete from user_chat_provider_keys where user_id = $1 and provider_id = $2 returning provider_id',
);

const FOREIGN_KEY_VIOLATION = '23503';

export class UserKeys {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly secretBox: SecretBox,
  ) {}

  list(userId: string): Promise<UserKeyRow[]> {
    return this.database.query<UserKeyRow>(SELECT_KEYS, [userId]);
  }

  /** @throws ApiError 404; 403 where users may have no keys; 412 where the provider is disabled */
  async set(input: { userId: string; providerId: string; apiKey: string }): Promise<UserKeyRow> {
    const { userId, providerId, apiKey } = input;
    const present = await this.read(userId, providerId);
    if (!present.allow_user_api_key) throw forbidden('This provider takes no keys of users.');
    if (!present.enabled) throw new ApiError(412, 'This provider is disabled.');
    const { ciphertext, keyId } = this.secretBox.seal(apiKey, userProviderKeyContext(userId));
    try {
      await this.database.query(UPSERT_KEY, [userId, providerId, ciphertext, keyId]);
    } catch (error) {
      if (sqlState(error) === FOREIGN_KEY_VIOLATION) throw notFound('provider');
      throw error;
    }
    this.announce(userId);
    return { ...present, has_user_api_key: true };
  }

  /** @throws ApiError 404 when there is none */
  async remove(input: { userId: string; providerId: string }): Promise<void> {
    const removed = await this.database.query(DELETE_KEY, [input.userId, input.providerId]);
    if (removed.length === 0) throw notFound('key');
    this.announce(input.userId);
  }

  private async read(userId: string, providerId: string): Promise<UserKeyRow> {
    const [row] = await this.database.query<UserKeyRow>(SELECT_KEY, [userId, providerId]);
    if (row === undefined) throw notFound('provider');
    return row;
  }

  /** Workers forget the clients that they made with the key, gateways whether there is one. */
  private announce(userId: string): void {
    this.bus.publish(subjects.configChanged('providers'), { id: userId });
    this.bus.publish(subjects.configChanged('chat_settings'), { id: userId });
  }
}
