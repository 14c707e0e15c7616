import type { ApiErrorDetails } from './api-error';

function typeForStatus(status: number): string {
  if (status === 401) return 'invalid_request_error';
  if (status === 403) return 'permission_error';
  if (status === 429) return 'rate_limit_error';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** The error body of both OpenAI APIs. */
export function openAiErrorBody(status: number, details: ApiErrorDetails): string {
  return JSON.stringify({
    error: {
      message: details.message,
      type: details.type ?? typeForStatus(status),
      param: details.param ?? null,
      code: details.code ?? null,
    },
  });
}
