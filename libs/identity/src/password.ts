/**
 * Password hashes by scrypt, stored as `scrypt$<log2 N>$<r>$<p>$<salt>$<hash>` (base64url), so that the cost can be raised later
 * while old hashes still verify. N = 2^14, r = 8, p = 5 (16 MiB) is the OWASP Password Storage Cheat Sheet's setting.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

interface ScryptCost {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

const COST: ScryptCost = { logN: 14, r: 8, p: 5 };
const HASH_BYTES = 32;
const SALT_BYTES = 16;

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive({ password, salt, cost: COST });
  return ['scrypt', COST.logN, COST.r, COST.p, salt.toString('base64url'), hash.toString('base64url')].join(
    '$',
  );
}

/**
 * Whether `password` made `stored`. Without a stored hash (no such user, or one without a password) it spends the same time and
 * answers false, so that the time tells nobody which addresses exist.
 */
export async function verifyPassword(password: string, stored: string | null): Promise<boolean> {
  const parsed = stored === null ? null : parseHash(stored);
  const { cost, salt, hash } = parsed ?? NOBODY;
  const derived = await derive({ password, salt, cost });
  const matches = derived.length === hash.length && timingSafeEqual(derived, hash);
  return matches && parsed !== null;
}

const NOBODY = { cost: COST, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };

function parseHash(stored: string): typeof NOBODY | null {
  const [scheme, logN, r, p, salt, hash] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || hash === undefined) return null;
  return {
    cost: { logN: Number(logN), r: Number(r), p: Number(p) },
    salt: Buffer.from(salt, 'base64url'),
    hash: Buffer.from(hash, 'base64url'),
  };
}

function derive(input: { password: string; salt: Buffer; cost: ScryptCost }): Promise<Buffer> {
  const { logN, r, p } = input.cost;
  // Unicode offers several spellings of one password: NFKC makes keyboards agree.
  const password = input.password.normalize('NFKC');
  const N = 2 ** logN;
  return new Promise((resolve, reject) => {
    scrypt(password, input.salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error === null ? resolve(key) : reject(error),
    );
  });
}
