import { createECDH } from 'node:crypto';
import { sql, WebpushKey } from '@parley/database';
import { SecretBox } from '@parley/identity';
import { createTestDatabase, type TestDatabase } from '@parley/testing';
import { SubscriptionStore } from '../subscriptions/subscription-store';
import { addUser } from '../testing/start-webpush';
import { VapidKeys } from './vapid-keys';

const oldKey = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const secretBox = SecretBox.fromKeys([oldKey]);
const removeAll = sql('vapid_test_remove', 'delete from webpush_keys');

describe('The VAPID keys', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase({ poolSize: 8 });
  });
  afterEach(() => test.database.query(removeAll, []));
  afterAll(() => test.drop());
  const keysWith = (box = secretBox): VapidKeys => new VapidKeys({ database: test.database, secretBox: box });
  const rows = (): Promise<WebpushKey[]> => test.database.repository(WebpushKey).find();

  it('are one pair, however many replicas make them at the same time', async () => {
    const pairs = await Promise.all(Array.from({ length: 8 }, () => keysWith().current()));
    expect(new Set(pairs.map(({ publicKey }) => publicKey)).size).toBe(1);
    expect(await rows()).toHaveLength(1);
    const [pair] = pairs;
    const ecdh = createECDH('prime256v1');
    ecdh.setPrivateKey(pair?.privateKey ?? '', 'base64url');
    expect(ecdh.getPublicKey('base64url')).toBe(pair?.publicKey);
  });

  it('are stored sealed, and sealed again when a newer encryption key is configured', async () => {
    const pair = await keysWith().current();
    const [stored] = await rows();
    expect(stored?.privateKeyEncrypted.includes(Buffer.from(pair.privateKey, 'base64url'))).toBe(false);
    expect(stored?.privateKeyEncrypted.includes(pair.privateKey)).toBe(false);
    expect(await keysWith(SecretBox.fromKeys([newKey, oldKey])).current()).toEqual(pair);
    expect(await keysWith(SecretBox.fromKeys([newKey])).current()).toEqual(pair);
    await expect(keysWith().current()).rejects.toMatchObject({ code: 'secret_unreadable' });
  });

  it('take all subscriptions with them when they are replaced, and none made with them is stored afterwards', async () => {
    const { database } = test;
    const keys = keysWith();
    const { publicKey } = await keys.current();
    const store = new SubscriptionStore(database);
    const userId = await addUser(database);
    const subscription = { endpoint: 'https://push.test/1', p256dhKey: 'p', authKey: 'a' };
    expect(await store.insert(userId, { ...subscription, vapidPublicKey: publicKey })).toEqual({
      takenFrom: [],
    });
    const replaced = await keys.regenerate();
    expect(replaced.publicKey).not.toBe(publicKey);
    expect(await keys.current()).toEqual(replaced);
    expect(await store.ofUser(userId)).toEqual([]);
    expect(await store.insert(userId, { ...subscription, vapidPublicKey: publicKey })).toBeNull();
  });

  it('stay one pair when they are replaced by several at once, while browsers subscribe', async () => {
    const { database } = test;
    const store = new SubscriptionStore(database);
    const first = await keysWith().current();
    const users = await Promise.all(Array.from({ length: 6 }, () => addUser(database)));
    const inserts = users.map((userId, index) =>
      store.insert(userId, {
        endpoint: `https://push.test/${index}`,
        p256dhKey: 'p',
        authKey: String(index),
        vapidPublicKey: first.publicKey,
      }),
    );
    const replacements = Array.from({ length: 3 }, () => keysWith().regenerate());
    await Promise.all([...inserts, ...replacements]);
    const [stored, ...others] = await rows();
    expect(others).toEqual([]);
    expect(stored?.publicKey).not.toBe(first.publicKey);
    const left = await Promise.all(users.map((userId) => store.ofUser(userId)));
    expect(left.flat()).toEqual([]);
  });

  it('can be replaced when their encryption key is lost', async () => {
    await keysWith().current();
    const lost = keysWith(SecretBox.fromKeys([newKey]));
    await expect(lost.current()).rejects.toMatchObject({ code: 'secret_unreadable' });
    expect(await lost.regenerate()).toEqual(await lost.current());
  });
});
