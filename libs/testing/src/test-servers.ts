export interface TestServers {
  databaseUrl: string;
  natsUrl: string;
  redisUrl: string;
}

/** The servers of this test run, started by jest's global setup. Throws outside of a run. */
export const testServers = (): TestServers => ({
  databaseUrl: fromSetup('PARLEY_TEST_DATABASE_URL'),
  natsUrl: fromSetup('PARLEY_TEST_NATS_URL'),
  redisUrl: fromSetup('PARLEY_TEST_REDIS_URL'),
});

/** The name of the database to clone, different for different migrations. */
export const templateName = (): string => fromSetup('PARLEY_TEST_TEMPLATE');

function fromSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: this runs in jest only, after its global setup.`);
  return value;
}
