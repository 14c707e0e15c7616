/**
 * What Anthropic's API has signed or sealed (thinking, what a search found) goes back to its maker alone: signatures hold for one model,
 * and servers that speak the same protocol sign with keys of their own. One foreign seal, and the API refuses the whole conversation.
 */
import { isJsonObject, type JsonObject } from '../../json';
import type { ProviderMetadata } from '../../model-client';
import type { ModelConnection } from '../model-connection';

export type SealMaker = Pick<ModelConnection, 'providerId' | 'modelName'>;

/** The metadata of a part that this model of this provider makes. */
export function sealedBy({ providerId, modelName }: SealMaker, seal: JsonObject = {}): ProviderMetadata {
  return { anthropic: { provider_id: providerId, model: modelName, ...seal } };
}

/** What was sealed here; undefined for what others have sealed. Seals of before they told their maker are taken for own. */
export function ownSeal(
  metadata: ProviderMetadata | undefined,
  { providerId, modelName }: SealMaker,
): JsonObject | undefined {
  const seal = metadata?.['anthropic'];
  if (!isJsonObject(seal)) return undefined;
  const { provider_id: maker = providerId, model = modelName } = seal;
  return maker === providerId && model === modelName ? seal : undefined;
}
