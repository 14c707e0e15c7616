export type { Actor } from './actor';
export type { ApiKeyProfile } from './api-keys';
export {
  EncryptionKeyError,
  FirstUserExistsError,
  IDENTITY_ERROR_CODES,
  IdentityNotFoundError,
  InvalidCredentialsError,
  SecretUnreadableError,
  UserExistsError,
} from './errors';
export type { IdentityErrorCode } from './errors';
export { DEFAULT_TOKEN_LIFETIME_MS, Identity, MAX_TOKEN_LIFETIME_MS } from './identity';
export type { IdentityOptions, IssuedToken, UserInput } from './identity';
export type { OrganizationProfile } from './organizations';
export { PROVIDER_KEY_CONTEXT, SecretBox, userProviderKeyContext } from './secret-box';
export type { SealedSecret } from './secret-box';
export { parseToken } from './token';
export type { ParsedToken } from './token';
export { DEFAULT_ORGANIZATION } from './users';
export type { UserProfile } from './users';
