/** What must work for this process to get traffic: Postgres. A bus that is away slows Parley down, but loses nothing. */
import { sql, type Database } from '@parley/database';
import type { ReadinessCheck } from '@parley/service';

const PING = sql('gateway_ping', 'select 1');

export function checksOf({ database }: { database: Database }): ReadinessCheck[] {
  return [
    {
      name: 'database',
      check: async () => {
        await database.query(PING, []);
      },
    },
  ];
}
