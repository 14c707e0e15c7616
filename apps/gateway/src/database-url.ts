/**
 * A statement that does not come back must not keep a client waiting: Postgres cancels it after 10 s, and the driver gives up after
 * 15 s in case Postgres itself does not answer any more. What the operator wrote into the URL wins.
 */
const LIMITS_MS = { statement_timeout: 10_000, query_timeout: 15_000 };

export function withTimeouts(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  for (const [name, limitMs] of Object.entries(LIMITS_MS)) {
    if (!url.searchParams.has(name)) url.searchParams.set(name, String(limitMs));
  }
  return url.href;
}
