import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** A session or API token. Only a hash of the secret is stored. */
@Entity('api_keys')
export class ApiKey {
  /** The part of the token before the "-". */
  @PrimaryColumn('text')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** SHA-256 of the secret, the part of the token after the "-". */
  @Column('bytea', { name: 'hashed_secret' })
  hashedSecret!: Buffer;

  @Column('text', { name: 'token_name' })
  tokenName!: string;

  /** `session` from a login, `token` made for a program. */
  @Column('text')
  kind!: 'session' | 'token';

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
