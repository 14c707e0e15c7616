import type { ApiErrorDetails } from '../api-error';

/** The error types of https://docs.claude.com/en/api/errors. */
export function typeForStatus(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'billing_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 504:
      return 'timeout_error';
    case 529:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}

export function anthropicErrorBody(status: number, details: ApiErrorDetails, requestId: string): string {
  return JSON.stringify({
    type: 'error',
    error: { type: details.type ?? typeForStatus(status), message: details.message },
    request_id: requestId,
  });
}
