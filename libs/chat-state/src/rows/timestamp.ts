/** Postgres writes instants in JSON with microseconds and an offset; on the wire all are RFC 3339 in UTC with milliseconds. */
export function toInstant(value: string | Date): string {
  return new Date(value).toISOString();
}
