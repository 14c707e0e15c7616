/**
 * Encryption of secrets at rest: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce.
 *
 * Stored bytes are `nonce (12) | tag (16) | ciphertext`, beside the id of the key. The context (which column) is
 * authenticated with them, so a ciphertext copied into another column does not open. Several keys may be configured: the first one
 * seals, all of them open; a key is retired when nothing is left that names it. Refuses to tell what was wrong beyond
 * "unknown key" and "altered".
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { EncryptionKeyError, SecretUnreadableError } from './errors';

const ALGORITHM = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface SealedSecret {
  readonly ciphertext: Buffer;
  readonly keyId: string;
}

export class SecretBox {
  private constructor(
    private readonly sealingKeyId: string,
    private readonly keys: ReadonlyMap<string, Buffer>,
  ) {}

  /**
   * Keys as configured: each 32 bytes in base64 or hex, separated by commas, the sealing one first. A key's id is the start of
   * its SHA-256. @throws EncryptionKeyError when there is none, or one is not 32 bytes.
   */
  static fromText(text: string): SecretBox {
    const keys = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(decodeKey);
    return SecretBox.fromKeys(keys);
  }

  /** @throws EncryptionKeyError when there is no key, or one is not 32 bytes. */
  static fromKeys(keys: readonly Buffer[]): SecretBox {
    keys.forEach((key, index) => {
      if (key.length === KEY_BYTES) return;
      throw new EncryptionKeyError(`Encryption key ${index + 1} has ${key.length} bytes instead of 32.`);
    });
    const byId = new Map(keys.map((key) => [keyIdOf(key), key]));
    const [sealingKeyId] = byId.keys();
    if (sealingKeyId === undefined) {
      throw new EncryptionKeyError(
        'No encryption key is configured. Make one with "openssl rand -base64 32".',
      );
    }
    return new SecretBox(sealingKeyId, byId);
  }

  /** Encrypts with the first key. `context` names the place, for example `PROVIDER_KEY_CONTEXT`. */
  seal(plaintext: string, context: string): SealedSecret {
    const keyId = this.sealingKeyId;
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key(keyId), nonce);
    cipher.setAAD(additionalData(keyId, context));
    const body = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
    return { ciphertext: Buffer.concat([nonce, cipher.getAuthTag(), body]), keyId };
  }

  /** @throws SecretUnreadableError when the key is unknown, or ciphertext, key id or context are not those of `seal`. */
  open(sealed: SealedSecret, context: string): string {
    const { ciphertext, keyId } = sealed;
    const key = this.key(keyId);
    try {
      const nonce = ciphertext.subarray(0, NONCE_BYTES);
      const decipher = createDecipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(additionalData(keyId, context));
      decipher.setAuthTag(ciphertext.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
      const body = ciphertext.subarray(NONCE_BYTES + TAG_BYTES);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString('utf8');
    } catch {
      throw new SecretUnreadableError(keyId, 'altered');
    }
  }

  /** True for secrets that should be sealed again, because a newer key is first. */
  isSealedWithOldKey(keyId: string): boolean {
    return keyId !== this.sealingKeyId;
  }

  private key(keyId: string): Buffer {
    const key = this.keys.get(keyId);
    if (key === undefined) throw new SecretUnreadableError(keyId, 'unknown_key');
    return key;
  }
}

/** The context of model providers' API keys. */
export const PROVIDER_KEY_CONTEXT = 'chat_providers.api_key';

/** The context of a user's own key for a provider: one that is copied to another user does not open. */
export const userProviderKeyContext = (userId: string): string => `user_chat_provider_keys.api_key ${userId}`;

function decodeKey(text: string, index: number): Buffer {
  const isHex = /^[0-9a-f]{64}$/i.test(text);
  if (!isHex && !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) {
    throw new EncryptionKeyError(`Encryption key ${index + 1} is neither base64 nor hex.`);
  }
  return Buffer.from(text, isHex ? 'hex' : 'base64');
}

function keyIdOf(key: Buffer): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 12);
}

function additionalData(keyId: string, context: string): Buffer {
  return Buffer.from(`${keyId}\n${context}`, 'utf8');
}
