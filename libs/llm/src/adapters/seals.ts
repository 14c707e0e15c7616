/**
 * What a model wants back exactly as it gave it, and what nobody else may get: signed thinking, what a search found, reasoning that belongs
 * to a call. Signatures hold for one model, and servers that speak the same protocol sign with keys of their own. One foreign seal, and
 * a provider refuses the whole conversation. (The Responses API has a rule of its own, see assistant-items.ts.)
 */
import { isJsonObject, type JsonObject } from '../json';
import type { ProviderMetadata } from '../model-client';
import type { ModelConnection } from './model-connection';

export type SealMaker = Pick<ModelConnection, 'providerId' | 'modelName'>;

/** The key under which the metadata of a part holds the seal. */
type Family = 'anthropic' | 'chat';

/** The metadata of a part that this model of this provider makes. */
export function sealedBy(
  family: Family,
  { providerId, modelName }: SealMaker,
  seal: JsonObject = {},
): ProviderMetadata {
  return { [family]: { provider_id: providerId, model: modelName, ...seal } };
}

/** What was sealed here; undefined for what others have sealed. Seals of before they told their maker are taken for own. */
export function ownSeal(
  family: Family,
  { providerId, modelName }: SealMaker,
  metadata: ProviderMetadata | undefined,
): JsonObject | undefined {
  const seal = metadata?.[family];
  if (!isJsonObject(seal)) return undefined;
  const { provider_id: maker = providerId, model = modelName } = seal;
  return maker === providerId && model === modelName ? seal : undefined;
}
