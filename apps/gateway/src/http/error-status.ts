/**
 * The one table from the error codes of our libraries to HTTP statuses. A spec reads the codes from the libraries' sources and fails
 * for one that is missing here. A code that only a mistake of ours or of the operator can raise is 500.
 */
export const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  // identity
  first_user_exists: 409,
  user_exists: 409,
  invalid_credentials: 401,
  identity_not_found: 404,
  encryption_key_invalid: 500,
  secret_unreadable: 500,
  // database
  schema_outdated: 500,
  second_connection: 500,
  // key-value
  key_value_unavailable: 503,
  not_a_counter: 500,
  // bus
  bus_closed: 503,
  bus_unavailable: 503,
  event_too_large: 500,
  invalid_message: 500,
  invalid_subject: 500,
  no_responder: 503,
  payload_too_large: 500,
  request_failed: 502,
  request_timeout: 504,
  work_queue_full: 503,
  // llm
  model_error: 502,
  // spend
  usage_limit_exceeded: 409,
  // service
  bad_config: 500,
  overloaded: 503,
};

/** Undefined for errors without a code that we know. */
export function statusOfCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return Object.hasOwn(STATUS_OF_CODE, error.code) ? STATUS_OF_CODE[error.code] : undefined;
}
