import { createInProcessBus, type Bus } from '@parley/bus';
import { subjects } from '@parley/contracts';
import { sql } from '@parley/database';
import { createTestDatabase, eventually, type TestDatabase } from '@parley/testing';
import {
  FirstUserExistsError,
  IdentityNotFoundError,
  InvalidCredentialsError,
  UserExistsError,
} from './errors';
import { Identity } from './identity';

const FIRST = { email: 'Ann@example.com', username: 'ann', name: 'Ann', password: 'a fine password' };
const EXPIRE = sql(
  'test_expire_key',
  `update api_keys set expires_at = now() - interval '1 s' where id = $1`,
);
const SUSPEND = sql('test_suspend', `update users set status = 'suspended' where id = $1`);
const STORED = sql('test_stored_keys', 'select id, hashed_secret from api_keys');

let testDatabase: TestDatabase;
let bus: Bus;
let identity: Identity;
const clock = { time: 0 };

beforeAll(async () => {
  testDatabase = await createTestDatabase();
  bus = createInProcessBus();
  identity = new Identity({ database: testDatabase.database, bus, now: () => clock.time });
});
afterAll(async () => {
  await bus.drain();
  await testDatabase.drop();
});
beforeEach(() => {
  clock.time += 60_000;
});

const firstUserId = async (): Promise<string> => {
  const user = await identity.findUser({ username: 'ANN' });
  if (user === null) throw new Error('the first user is missing');
  return user.id;
};

const statementsOf = async (work: () => Promise<unknown>): Promise<Record<string, number>> => {
  const before = new Map(testDatabase.database.statementCounts());
  await work();
  const after = [...testDatabase.database.statementCounts()];
  return Object.fromEntries(
    after.map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const).filter(([, n]) => n > 0),
  );
};

describe('identity on Postgres', () => {
  test('of ten concurrent first users one wins, with the default organization, as administrator', async () => {
    expect(await identity.hasFirstUser()).toBe(false);
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        identity.createFirstUser(index === 0 ? FIRST : { ...FIRST, email: `ann${index}@example.com` }),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(FirstUserExistsError);
    }
    const user = await identity.findUser({ id: await firstUserId() });
    const [organization] = await identity.listOrganizations(user?.id);
    expect(user).toMatchObject({ isAdmin: true, organizationIds: [organization?.id] });
    expect(organization).toMatchObject({ name: 'default', isDefault: true });
    expect(await identity.listOrganizations()).toHaveLength(1);
  });

  test('a second user is a plain member, and a taken email or username is named whatever its case', async () => {
    const bob = {
      email: 'bob@example.com',
      username: 'bob',
      name: '',
      password: 'bobs password',
      isAdmin: false,
    };
    const user = await identity.createUser(bob);
    expect(user).toMatchObject({ isAdmin: false, status: 'active' });
    expect(user.organizationIds).toHaveLength(1);
    await expect(
      identity.createUser({ ...bob, username: 'robert', email: 'BOB@example.com' }),
    ).rejects.toEqual(new UserExistsError('email'));
    await expect(
      identity.createUser({ ...bob, username: 'BOB', email: 'b2@example.com' }),
    ).rejects.toMatchObject({ code: 'user_exists', field: 'username' });
  });

  test('a login gives a session that authenticates; a wrong password or address says the same thing', async () => {
    const bob = { email: 'BOB@example.com', password: 'bobs password' };
    const session = await identity.login(bob);
    await expect(identity.authenticate(session.token)).resolves.toMatchObject({
      username: 'bob',
      isAdmin: false,
    });
    const wrong = await identity.login({ ...bob, password: 'no' }).catch((error: unknown) => error);
    const unknown = await identity.login({ ...bob, email: 'x@example.com' }).catch((error: unknown) => error);
    expect(wrong).toBeInstanceOf(InvalidCredentialsError);
    expect(unknown).toEqual(wrong);
  });

  test('only hashes are stored', async () => {
    const { token, id } = await identity.createToken({ userId: await firstUserId() });
    const rows = await testDatabase.database.query<{ id: string; hashed_secret: Buffer }>(STORED, []);
    const row = rows.find((stored) => stored.id === id);
    expect(row?.hashed_secret).toHaveLength(32);
    expect(JSON.stringify(rows)).not.toContain(token.split('-')[1]);
  });

  test('authentication costs one statement on a miss and none on a hit', async () => {
    const { token } = await identity.createToken({ userId: await firstUserId() });
    const misses = await statementsOf(() =>
      Promise.all([identity.authenticate(token), identity.authenticate(token)]),
    );
    expect(misses).toEqual({ identity_key_holder: 1 });
    expect(await statementsOf(() => identity.authenticate(token))).toEqual({});
  });

  test('a wrong secret for a known key, a malformed token and an expired one are nobody', async () => {
    const { token, id } = await identity.createToken({ userId: await firstUserId() });
    await expect(identity.authenticate(`${id}-${'x'.repeat(22)}`)).resolves.toBeNull();
    await expect(identity.authenticate('nonsense')).resolves.toBeNull();
    await testDatabase.database.query(EXPIRE, [id]);
    identity.invalidate(id);
    await expect(identity.authenticate(token)).resolves.toBeNull();
  });

  test('a suspended user can neither log in nor use a token', async () => {
    const eve = { email: 'eve@example.com', username: 'eve', name: '', password: 'eves password' };
    const { id } = await identity.createUser({ ...eve, isAdmin: false });
    const { token } = await identity.login(eve);
    await testDatabase.database.query(SUSPEND, [id]);
    await expect(identity.authenticate(token)).resolves.toBeNull();
    await expect(identity.login(eve)).rejects.toThrow(InvalidCredentialsError);
  });

  test('a revoked token is refused here at once, and elsewhere when the bus says so', async () => {
    const elsewhere = new Identity({ database: testDatabase.database, bus, now: () => clock.time });
    const subscription = await bus.subscribe(subjects.configChanged('api_keys'), ({ id }) =>
      elsewhere.invalidate(id),
    );
    const userId = await firstUserId();
    const { token, id } = await identity.createToken({ userId });
    await expect(elsewhere.authenticate(token)).resolves.not.toBeNull();
    await expect(identity.revoke({ id, userId: '00000000-0000-4000-8000-000000000000' })).resolves.toBe(
      false,
    );
    await expect(identity.revoke({ id, userId })).resolves.toBe(true);
    await expect(identity.authenticate(token)).resolves.toBeNull();
    await eventually(async () => (await elsewhere.authenticate(token)) === null);
    await expect(identity.revoke({ id, userId })).resolves.toBe(false);
    await subscription.drain();
  });

  test('tokens are listed newest first, with their names and without sessions', async () => {
    const { id: userId } = await identity.createUser({
      ...FIRST,
      email: 'dan@example.com',
      username: 'dan',
      isAdmin: false,
    });
    await identity.createToken({ userId, tokenName: 'first', lifetimeMs: 1_000_000 });
    await identity.createToken({ userId, tokenName: 'second', lifetimeMs: Number.MAX_SAFE_INTEGER });
    await identity.login({ email: 'dan@example.com', password: FIRST.password });
    const tokens = await identity.listTokens(userId);
    expect(tokens.map(({ tokenName }) => tokenName)).toEqual(['second', 'first']);
    expect(tokens[0]?.expiresAt.getFullYear()).toBe(new Date().getFullYear() + 10);
  });

  test('a token for a user that is gone is refused by name', async () => {
    await expect(
      identity.createToken({ userId: '00000000-0000-4000-8000-000000000000' }),
    ).rejects.toBeInstanceOf(IdentityNotFoundError);
  });
});
