/**
 * Tokens: `<id>-<secret>`, 10 and 22 letters and digits from a cryptographic source (59 and 131 bits).
 *
 * The id finds the row and may be shown. The secret leaves the server once: only its SHA-256 is stored, which is enough for a
 * random secret of full strength (no dictionary can reach it), and cheap enough for every request.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const ID_LENGTH = 10;
const SECRET_LENGTH = 22;
/** 22 and more, so that longer secrets of a later version are still read. */
const FORMAT = /^([A-Za-z0-9]{10})-([A-Za-z0-9_]{22,128})$/;

export interface ParsedToken {
  readonly id: string;
  readonly secret: string;
}

export interface NewToken extends ParsedToken {
  /** What the client sends. */
  readonly token: string;
  readonly hashedSecret: Buffer;
}

export function newToken(): NewToken {
  const id = randomText(ID_LENGTH);
  const secret = randomText(SECRET_LENGTH);
  return { id, secret, token: `${id}-${secret}`, hashedSecret: hashSecret(secret) };
}

/** The two halves of a token; null when the text is not one. */
export function parseToken(token: string): ParsedToken | null {
  const [, id, secret] = FORMAT.exec(token) ?? [];
  return id === undefined || secret === undefined ? null : { id, secret };
}

export function hashSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Compares in time that does not depend on where they differ. */
export function secretMatches(secret: string, hashedSecret: Buffer): boolean {
  const hashed = hashSecret(secret);
  return hashed.length === hashedSecret.length && timingSafeEqual(hashed, hashedSecret);
}

/** Bytes of 248 and above are drawn again: 248 is the largest multiple of 62, so every character is equally likely. */
function randomText(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length * 2)) {
      if (byte < 248 && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}
