/** Model providers as rows. API keys are sealed before they are stored, and opened only by whoever calls the model. */
import type { Bus } from '@parley/bus';
import { subjects, type CreateProviderRequest, type UpdateProviderRequest } from '@parley/contracts';
import { ChatProvider, sqlState, type Database } from '@parley/database';
import { PROVIDER_KEY_CONTEXT, type SecretBox } from '@parley/identity';
import { randomUUID } from 'node:crypto';
import { ApiError, invalidField, notFound } from '../http/api-error';
import { reelectDefaultsOfProvider } from './default-election';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
/** These have no address of their own. */
const NEEDS_BASE_URL: ReadonlySet<string> = new Set(['openai-compat', 'azure']);

export class Providers {
  constructor(
    private readonly database: Database,
    private readonly bus: Bus,
    private readonly secretBox: SecretBox,
  ) {}

  list(): Promise<ChatProvider[]> {
    return this.rows.find({ order: { createdAt: 'ASC', id: 'ASC' } });
  }

  async read(id: string): Promise<ChatProvider> {
    const row = await this.rows.findOneBy({ id });
    if (row === null) throw notFound('provider');
    return row;
  }

  async create(input: CreateProviderRequest): Promise<ChatProvider> {
    assertHasAddress(input.type, input.base_url);
    const policy = keyPolicyOf(input);
    assertSomeKeyIsUsable(policy);
    const id = randomUUID();
    const { type, name, enabled } = input;
    const key = this.seal(input.api_key ?? '');
    await refuseConflicts(
      this.rows.insert({ id, type, name, enabled, baseUrl: input.base_url ?? null, ...policy, ...key }),
    );
    return this.changed(id);
  }

  async update(id: string, input: UpdateProviderRequest): Promise<ChatProvider> {
    const present = await this.read(id);
    if (input.base_url !== undefined) assertHasAddress(present.type, input.base_url ?? undefined);
    const policy = keyPolicyOf(input);
    assertSomeKeyIsUsable({ ...present, ...policy });
    const changes = {
      ...policy,
      ...(input.name === undefined ? {} : { name: input.name }),
      ...(input.base_url === undefined ? {} : { baseUrl: input.base_url }),
      ...(input.enabled === undefined ? {} : { enabled: input.enabled }),
      ...(input.api_key === undefined ? {} : this.seal(input.api_key)),
    };
    if (Object.keys(changes).length === 0) return present;
    await refuseConflicts(this.rows.update({ id }, changes));
    if (input.enabled !== undefined && input.enabled !== present.enabled) {
      await reelectDefaultsOfProvider(this.database, id);
    }
    return this.changed(id);
  }

  /** Refused while models refer to it, deleted ones too: the messages that they wrote still name them. */
  async delete(id: string): Promise<void> {
    const { affected } = await refuseConflicts(this.rows.delete({ id }));
    if (affected === 0) throw notFound('provider');
    this.announce(id);
  }

  private get rows() {
    return this.database.repository(ChatProvider);
  }

  private changed(id: string): Promise<ChatProvider> {
    this.announce(id);
    return this.read(id);
  }

  private announce(id: string): void {
    this.bus.publish(subjects.configChanged('providers'), { id });
  }

  private seal(apiKey: string): Pick<ChatProvider, 'apiKeyEncrypted' | 'apiKeyKeyId'> {
    if (apiKey === '') return { apiKeyEncrypted: null, apiKeyKeyId: null };
    const { ciphertext, keyId } = this.secretBox.seal(apiKey, PROVIDER_KEY_CONTEXT);
    return { apiKeyEncrypted: ciphertext, apiKeyKeyId: keyId };
  }
}

type KeyPolicy = Pick<
  ChatProvider,
  'centralApiKeyEnabled' | 'allowUserApiKey' | 'allowCentralApiKeyFallback'
>;

function keyPolicyOf(input: CreateProviderRequest): KeyPolicy;
function keyPolicyOf(input: UpdateProviderRequest): Partial<KeyPolicy>;
function keyPolicyOf(input: UpdateProviderRequest): Partial<KeyPolicy> {
  const {
    central_api_key_enabled: centralApiKeyEnabled,
    allow_user_api_key: allowUserApiKey,
    allow_central_api_key_fallback: allowCentralApiKeyFallback,
  } = input;
  return {
    ...(centralApiKeyEnabled !== undefined && { centralApiKeyEnabled }),
    ...(allowUserApiKey !== undefined && { allowUserApiKey }),
    ...(allowCentralApiKeyFallback !== undefined && { allowCentralApiKeyFallback }),
  };
}

/** The constraints of the table, by the names of the fields. */
function assertSomeKeyIsUsable(policy: KeyPolicy): void {
  if (!policy.centralApiKeyEnabled && !policy.allowUserApiKey) {
    throw invalidField('central_api_key_enabled', 'must be true while users may not have keys of their own');
  }
  if (!policy.allowCentralApiKeyFallback) return;
  if (policy.centralApiKeyEnabled && policy.allowUserApiKey) return;
  throw invalidField(
    'allow_central_api_key_fallback',
    'needs both central_api_key_enabled and allow_user_api_key',
  );
}

function assertHasAddress(type: string, baseUrl: string | undefined): void {
  if (baseUrl === undefined && NEEDS_BASE_URL.has(type)) {
    throw invalidField('base_url', `is required for providers of type "${type}"`);
  }
}

async function refuseConflicts<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (sqlState(error) === UNIQUE_VIOLATION) {
      throw new ApiError(409, 'A provider with this name already exists.', {
        validations: [{ field: 'name', detail: 'is taken' }],
      });
    }
    if (sqlState(error) === FOREIGN_KEY_VIOLATION) {
      throw new ApiError(409, 'Models refer to this provider: disable it instead.');
    }
    throw error;
  }
}
