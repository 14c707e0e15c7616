/** The migrations of this build, in order, and the command's function to run them. */
import { runMigrations as run, type MigrationClass } from '@parley/database';
import { InitialSchema1763856000000 } from './1763856000000-initial-schema';
import { Webpush1763942400000 } from './1763942400000-webpush';
import { Gitsync1764028800000 } from './1764028800000-gitsync';
import { Spend1764115200000 } from './1764115200000-spend';
import { ChatCosts1764201600000 } from './1764201600000-chat-costs';
import { IdempotencyKeys1764288000000 } from './1764288000000-idempotency-keys';
import { ChatSearch1764374400000 } from './1764374400000-chat-search';
import { ChatSettings1764460800000 } from './1764460800000-chat-settings';
import { ToolCalls1764547200000 } from './1764547200000-tool-calls';
import { PullRequestSums1764720000000 } from './1764720000000-pull-request-sums';
import { SearchWordsCost1764806400000 } from './1764806400000-search-words-cost';

export const migrations: readonly MigrationClass[] = [
  InitialSchema1763856000000,
  Webpush1763942400000,
  Gitsync1764028800000,
  Spend1764115200000,
  ChatCosts1764201600000,
  IdempotencyKeys1764288000000,
  ChatSearch1764374400000,
  ChatSettings1764460800000,
  ToolCalls1764547200000,
  PullRequestSums1764720000000,
  SearchWordsCost1764806400000,
];

/** Brings the database at `url` up to date; concurrent runs wait for each other. Returns the names of those that ran. */
export function runMigrations(options: { url: string }): Promise<string[]> {
  return run({ url: options.url, migrations });
}
