import { migrations } from '@parley/migrations';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import type { MigrationInterface } from 'typeorm';
import { SchemaOutdatedError } from './errors';
import { assertSchemaIsCurrent, runMigrations } from './migrate';

class Later9999999999999 implements MigrationInterface {
  up(): Promise<void> {
    return Promise.resolve();
  }
  down(): Promise<void> {
    return Promise.reject(new Error('forward only'));
  }
}

describe('migrations', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('let a service start on the schema of its build', async () => {
    await expect(assertSchemaIsCurrent(test.database, migrations)).resolves.toBeUndefined();
  });

  it('keep a service from starting on an older schema, and say what to run', async () => {
    const error: unknown = await assertSchemaIsCurrent(test.database, [
      ...migrations,
      Later9999999999999,
    ]).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(SchemaOutdatedError);
    expect(String(error)).toContain('Later9999999999999');
    expect(String(error)).toContain('npm run migrate');
  });

  it('let a service start on a newer schema: a rollout migrates first', async () => {
    await runMigrations({ url: test.url, migrations: [...migrations, Later9999999999999] });
    await expect(assertSchemaIsCurrent(test.database, migrations)).resolves.toBeUndefined();
  });

  it('run once when two run at the same time', async () => {
    const both = [class Twice9999999999999 extends Later9999999999999 {}];
    const all = [...migrations, Later9999999999999, ...both];
    const ran = await Promise.all([1, 2].map(() => runMigrations({ url: test.url, migrations: all })));
    expect(ran.flat()).toEqual(['Twice9999999999999']);
  });
});
