/**
 * Users, sessions and tokens: who is asking, and on what proof.
 *
 * Owns the users, organizations and api_keys tables. Promises that secrets are stored as hashes only, that a login takes the same
 * time whether or not the address is known, that `authenticate` costs one statement on a miss and none on a hit, and that after
 * a revocation this process refuses the token at once, others when the bus tells them, and all within 10 s. Refuses to decide
 * what an actor may do with chats: the statements of chat-state do that.
 */
import type { Bus } from '@parley/bus';
import { subjects, type ConfigTopic } from '@parley/contracts';
import { sql, type Database } from '@parley/database';
import { readKeyHolder, type Actor } from './actor';
import { deleteApiKey, insertApiKey, listApiKeys, type ApiKeyProfile } from './api-keys';
import { FirstUserExistsError, InvalidCredentialsError } from './errors';
import { KeyHolderCache } from './key-holder-cache';
import { listOrganizations, type OrganizationProfile } from './organizations';
import { hashPassword, verifyPassword } from './password';
import { parseToken, secretMatches } from './token';
import { anyUserExists, findUser, insertFirstUser, insertUser, type UserProfile } from './users';

const DAY_MS = 24 * 60 * 60 * 1000;
export const DEFAULT_TOKEN_LIFETIME_MS = 30 * DAY_MS;
export const MAX_TOKEN_LIFETIME_MS = 3650 * DAY_MS;
const SESSION_LIFETIME_MS = 7 * DAY_MS;

const SELECT_CREDENTIALS = sql(
  'identity_credentials',
  `select id, password_hash from users where lower(email) = lower($1) and status = 'active'`,
);

export interface IdentityOptions {
  readonly database: Database;
  readonly bus: Bus;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
}

export interface UserInput {
  readonly email: string;
  readonly username: string;
  readonly name: string;
  readonly password: string;
}

export interface IssuedToken {
  /** The only time it is seen. */
  readonly token: string;
  readonly id: string;
  readonly expiresAt: Date;
}

export class Identity {
  private readonly database: Database;
  private readonly bus: Bus;
  private readonly keyHolders: KeyHolderCache;

  constructor(options: IdentityOptions) {
    this.database = options.database;
    this.bus = options.bus;
    this.keyHolders = new KeyHolderCache(
      (apiKeyId) => readKeyHolder(this.database, apiKeyId),
      options.now ?? Date.now,
    );
  }

  hasFirstUser(): Promise<boolean> {
    return anyUserExists(this.database);
  }

  /**
   * Creates an administrator and the default organization, while there is no user at all; of concurrent calls one wins.
   * @throws FirstUserExistsError
   */
  async createFirstUser(input: UserInput): Promise<{ userId: string; organizationId: string }> {
    // Asked before the costly hash, so that a stranger cannot burn CPU here for ever.
    if (await this.hasFirstUser()) throw new FirstUserExistsError();
    const passwordHash = await hashPassword(input.password);
    return insertFirstUser(this.database, { ...input, passwordHash, isAdmin: true });
  }

  /** Creates a member of the default organization. @throws UserExistsError naming the field that is taken. */
  async createUser(input: UserInput & { isAdmin: boolean }): Promise<UserProfile> {
    const passwordHash = await hashPassword(input.password);
    const id = await insertUser(this.database, { ...input, passwordHash });
    const user = await this.findUser({ id });
    if (user === null) throw new Error(`User ${id} was deleted while it was created`);
    return user;
  }

  findUser(by: { id: string } | { username: string }): Promise<UserProfile | null> {
    return findUser(this.database, by);
  }

  /** All organizations, or those of a member. */
  listOrganizations(userId?: string): Promise<OrganizationProfile[]> {
    return listOrganizations(this.database, userId);
  }

  /** Makes a session of 7 days. @throws InvalidCredentialsError, always after the same work. */
  async login(input: { email: string; password: string }): Promise<IssuedToken> {
    const [user] = await this.database.query<{ id: string; password_hash: string | null }>(
      SELECT_CREDENTIALS,
      [input.email],
    );
    const isValid = await verifyPassword(input.password, user?.password_hash ?? null);
    if (!isValid || user === undefined) throw new InvalidCredentialsError();
    return insertApiKey(this.database, {
      userId: user.id,
      kind: 'session',
      tokenName: '',
      lifetimeMs: SESSION_LIFETIME_MS,
    });
  }

  /** Makes a token for a program; the lifetime is cut at ten years. @throws IdentityNotFoundError when the user is gone. */
  createToken(input: { userId: string; tokenName?: string; lifetimeMs?: number }): Promise<IssuedToken> {
    return insertApiKey(this.database, {
      userId: input.userId,
      kind: 'token',
      tokenName: input.tokenName ?? '',
      lifetimeMs: Math.min(input.lifetimeMs ?? DEFAULT_TOKEN_LIFETIME_MS, MAX_TOKEN_LIFETIME_MS),
    });
  }

  /** The valid tokens of a user, newest first, without sessions. */
  listTokens(userId: string): Promise<ApiKeyProfile[]> {
    return listApiKeys(this.database, userId);
  }

  /** Ends a session or token. False when the user has no such key. */
  async revoke(key: { id: string; userId: string }): Promise<boolean> {
    const wasThere = await deleteApiKey(this.database, key);
    if (wasThere) this.announce('api_keys', key.id);
    return wasThere;
  }

  /** Who holds this token; null when it is malformed, unknown, expired or revoked, or its user suspended. */
  async authenticate(token: string): Promise<Actor | null> {
    const parsed = parseToken(token);
    if (parsed === null) return null;
    const holder = await this.keyHolders.get(parsed.id);
    if (holder === null || !secretMatches(parsed.secret, holder.hashedSecret)) return null;
    return holder.actor;
  }

  /** Call it on `config.api_keys.changed` and `config.users.changed`: forgets a key, a user's keys, or all. */
  invalidate(id?: string): void {
    this.keyHolders.invalidate(id);
  }

  private announce(topic: ConfigTopic, id: string): void {
    this.invalidate(id);
    this.bus.publish(subjects.configChanged(topic), { id });
  }
}
