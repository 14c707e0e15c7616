/** `npm run migrate`: brings the database that DATABASE_URL names up to date. Safe to run at any time, also by several at once. */
import { runMigrations } from './index';

async function main(): Promise<void> {
  const url = process.env['DATABASE_URL'];
  if (url === undefined || url === '') {
    throw new Error(
      'DATABASE_URL is not set: name the database, e.g. postgresql://user:password@host:5432/parley',
    );
  }
  const ran = await runMigrations({ url });
  console.log(ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
