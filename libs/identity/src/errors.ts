/** What identity refuses, each with a `code` that the HTTP layer maps to a status, and what a caller can act on as fields. */

/** A first user exists: everybody else is created by an administrator. */
export class FirstUserExistsError extends Error {
  readonly code = 'first_user_exists';
  constructor() {
    super('The first user has already been created. Log in instead.');
  }
}

/** Another user has this email or username (letter case does not count). */
export class UserExistsError extends Error {
  readonly code = 'user_exists';
  constructor(readonly field: 'email' | 'username') {
    super(`A user with this ${field} already exists.`);
  }
}

/** Wrong email, wrong password, or a suspended user: which of them is not told. */
export class InvalidCredentialsError extends Error {
  readonly code = 'invalid_credentials';
  constructor() {
    super('Incorrect email or password.');
  }
}

/** The user or the key that a write named is gone. */
export class IdentityNotFoundError extends Error {
  readonly code = 'identity_not_found';
  constructor(readonly what: 'user' | 'organization' | 'token') {
    super(`The ${what} does not exist.`);
  }
}

/** A configured encryption key is not one. An operator must act; the message never shows the key. */
export class EncryptionKeyError extends Error {
  readonly code = 'encryption_key_invalid';
  readonly isOperatorError = true;
}

/** A stored secret cannot be decrypted: its key is not configured any more, or the row was altered. */
export class SecretUnreadableError extends Error {
  readonly code = 'secret_unreadable';
  constructor(
    readonly keyId: string,
    readonly reason: 'unknown_key' | 'altered',
  ) {
    super(
      reason === 'unknown_key'
        ? `A stored secret was encrypted with key "${keyId}", which is not configured. Add it to the encryption keys, or enter the secret again.`
        : `A stored secret (key "${keyId}") does not decrypt: it was altered, or belongs elsewhere. Enter the secret again.`,
    );
  }
}

/** Every code of this library, for the table that maps codes to statuses. */
export const IDENTITY_ERROR_CODES = [
  'first_user_exists',
  'user_exists',
  'invalid_credentials',
  'identity_not_found',
  'encryption_key_invalid',
  'secret_unreadable',
] as const;
export type IdentityErrorCode = (typeof IDENTITY_ERROR_CODES)[number];
