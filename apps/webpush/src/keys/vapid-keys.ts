/**
 * The key pair by which push services know this deployment (VAPID, RFC 8292). Made once, by whichever replica needs it first; the
 * private half is stored sealed.
 *
 * Browsers subscribe with the public half, and their subscriptions die with it: replacing the pair removes them all in the
 * same transaction (the foreign key of webpush_subscriptions does). Remembered in memory until somebody invalidates it.
 */
import { sql, WebpushKey, type Database, type Queryable } from '@parley/database';
import type { SecretBox } from '@parley/identity';
import { generateVAPIDKeys } from 'web-push';

export interface VapidKeyPair {
  /** Base64url of the uncompressed P-256 point: what browsers call the application server key. */
  readonly publicKey: string;
  readonly privateKey: string;
}

/** What SecretBox seals it for. */
const KEY_CONTEXT = 'webpush_keys.private_key';

const INSERT = sql(
  'webpush_insert_key',
  `insert into webpush_keys (public_key, private_key_encrypted, private_key_key_id) values ($1, $2, $3)
   on conflict (is_current) do nothing`,
);
const DELETE = sql('webpush_delete_key', 'delete from webpush_keys');
const RESEAL = sql(
  'webpush_reseal_key',
  `update webpush_keys set private_key_encrypted = $2, private_key_key_id = $3 where public_key = $1`,
);

export interface VapidKeysOptions {
  readonly database: Database;
  readonly secretBox: SecretBox;
  readonly generate?: () => VapidKeyPair;
}

export class VapidKeys {
  private known: Promise<VapidKeyPair> | undefined;

  constructor(private readonly options: VapidKeysOptions) {}

  /** The present pair; makes one when there is none. Throws SecretUnreadableError, and what Postgres throws. */
  current(): Promise<VapidKeyPair> {
    this.known ??= this.load().catch((error: unknown) => {
      this.known = undefined;
      throw error;
    });
    return this.known;
  }

  /** The next call reads it again. */
  invalidate(): void {
    this.known = undefined;
  }

  /** Replaces the pair; every subscription goes with the old one. Of concurrent calls one wins. */
  async regenerate(): Promise<VapidKeyPair> {
    const pair = this.generate();
    await this.options.database.transaction(async (tx) => {
      await tx.query(DELETE, []);
      await this.insert(tx, pair);
    });
    this.invalidate();
    return this.current();
  }

  private async load(): Promise<VapidKeyPair> {
    const stored = await this.read();
    if (stored !== null) return stored;
    await this.insert(this.options.database, this.generate());
    const made = await this.read();
    if (made === null) throw new Error('The VAPID keys were removed while they were made');
    return made;
  }

  private async read(): Promise<VapidKeyPair | null> {
    const { database, secretBox } = this.options;
    const [row] = await database.repository(WebpushKey).find();
    if (row === undefined) return null;
    const sealed = { ciphertext: row.privateKeyEncrypted, keyId: row.privateKeyKeyId };
    const pair = { publicKey: row.publicKey, privateKey: secretBox.open(sealed, KEY_CONTEXT) };
    if (secretBox.isSealedWithOldKey(row.privateKeyKeyId)) {
      await database.query(RESEAL, [pair.publicKey, ...this.seal(pair)]);
    }
    return pair;
  }

  private async insert(queryable: Queryable, pair: VapidKeyPair): Promise<void> {
    await queryable.query(INSERT, [pair.publicKey, ...this.seal(pair)]);
  }

  private seal({ privateKey }: VapidKeyPair): [Buffer, string] {
    const { ciphertext, keyId } = this.options.secretBox.seal(privateKey, KEY_CONTEXT);
    return [ciphertext, keyId];
  }

  private generate(): VapidKeyPair {
    return (this.options.generate ?? generateVAPIDKeys)();
  }
}
