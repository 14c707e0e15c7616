import { ApiError } from './api-error';

const CREATED_AT_S = 1_767_225_600;

export const DEFAULT_MODELS: readonly string[] = ['mock-model', 'mock-reasoning-model', 'mock-small-model'];

function openAiModel(id: string): object {
  return { id, object: 'model', created: CREATED_AT_S, owned_by: 'llmmock' };
}

function anthropicModel(id: string): object {
  const supported = { supported: true };
  return {
    type: 'model',
    id,
    display_name: id,
    created_at: new Date(CREATED_AT_S * 1000).toISOString(),
    deprecated_at: null,
    retires_at: null,
    lifecycle: 'active',
    line: null,
    max_input_tokens: 200_000,
    max_tokens: 64_000,
    capabilities: { image_input: supported, pdf_input: supported, structured_outputs: supported },
  };
}

/** The body of `GET /v1/models`, in the shape of the API whose headers the request has. */
export function modelListBody(models: readonly string[], isAnthropic: boolean): string {
  if (!isAnthropic) return JSON.stringify({ object: 'list', data: models.map(openAiModel) });
  return JSON.stringify({
    data: models.map(anthropicModel),
    has_more: false,
    first_id: models[0] ?? null,
    last_id: models.at(-1) ?? null,
  });
}

/** The body of `GET /v1/models/:id`. @throws ApiError (404) */
export function modelBody(models: readonly string[], id: string, isAnthropic: boolean): string {
  if (!models.includes(id)) {
    throw isAnthropic
      ? new ApiError(404, { message: `model: ${id}` })
      : new ApiError(404, {
          message: `The model '${id}' does not exist or you do not have access to it.`,
          param: 'model',
          code: 'model_not_found',
        });
  }
  return JSON.stringify(isAnthropic ? anthropicModel(id) : openAiModel(id));
}
